// Functions that Camunda 8 adds to FEEL: people write them, and without them an expression would quietly be null.
import { equal, isNil } from './kinds.js';
import { occurrences } from './patterns.js';
import { dayOf, lastOfMonth } from './temporal.js';

const isEqual = (a, b) => equal(a, b) === true;

/** By name, with `_` for spaces (see `spell`): signatures as in builtins.js. */
export const EXTENSIONS = {
  is_defined: ['value:any', (value) => !isNil(value)],
  get_or_else: ['value:any, default:any', (value, fallback) => (isNil(value) ? fallback : value)],
  is_empty: ['list:list', (list) => list.length === 0],
  is_blank: ['string:string', (text) => text.trim() === ''],
  trim: ['string:string', (text) => text.trim()],
  extract: ['string:string, pattern:string', occurrences],
  duplicate_values: ['list:list', (list) => list.filter((item, at) => list.findIndex((other) => isEqual(item, other)) === at
    && list.filter((other) => isEqual(item, other)).length > 1)],
  partition: ['list:list, size:number', (list, size) => {
    if (!(size >= 1)) return null;
    return Array.from({ length: Math.ceil(list.length / size) }, (_, part) => list.slice(part * size, (part + 1) * size));
  }],
  last_day_of_month: ['date:day', (date) => lastOfMonth(dayOf(date))],
};

const SPACED = Object.keys(EXTENSIONS).filter((name) => name.includes('_')).map((name) => name.replaceAll('_', '\\s+'));
const CALLED = new RegExp(String.raw`"(?:[^"\\]|\\.)*"|\b(?:${SPACED.join('|')})(?=\s*\()`, 'g');

/** The text with names that FEEL's grammar takes for these functions; all else stays, and stands where it stood. */
export function spell(text) {
  return text.replace(CALLED, (found) => (found.startsWith('"') ? found : found.replace(/\s/g, '_')));
}
