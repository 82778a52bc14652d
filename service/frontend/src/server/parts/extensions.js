// Functions that Camunda 8 adds to FEEL: people write them, and without them an expression would quietly be null.
import { DateTime } from 'luxon';
import { encode } from './values.js';

const isNil = (value) => value === null || value === undefined;
const named = (names, call) => Object.assign(call, { $args: names });
const ofText = (call) => (text, ...more) => (typeof text === 'string' ? call(text, ...more) : null);
const same = (a, b) => JSON.stringify(encode(a)) === JSON.stringify(encode(b));

/** By name, with `_` for spaces: see `spell`. */
export const EXTENSIONS = {
  is_defined: named(['value'], (value) => !isNil(value)),
  get_or_else: named(['value', 'default'], (value, fallback) => (isNil(value) ? fallback ?? null : value)),
  is_empty: named(['list'], (list) => (Array.isArray(list) ? list.length === 0 : null)),
  is_blank: named(['string'], ofText((text) => text.trim() === '')),
  trim: named(['string'], ofText((text) => text.trim())),
  extract: named(['string', 'pattern'], ofText((text, pattern) => (typeof pattern === 'string' ? [...text.matchAll(new RegExp(pattern, 'gu'))].map(([found]) => found) : null))),
  duplicate_values: named(['list'], (list) => (Array.isArray(list)
    ? list.filter((item, at) => list.findIndex((other) => same(item, other)) === at && list.filter((other) => same(item, other)).length > 1) : null)),
  partition: named(['list', 'size'], (list, size) => {
    if (!Array.isArray(list) || !(size >= 1)) return null;
    return Array.from({ length: Math.ceil(list.length / size) }, (_, part) => list.slice(part * size, (part + 1) * size));
  }),
  last_day_of_month: named(['date'], (date) => (DateTime.isDateTime(date) ? date.endOf('month').startOf('day') : null)),
};

const SPACED = Object.keys(EXTENSIONS).filter((name) => name.includes('_')).map((name) => name.replaceAll('_', '\\s+'));
const CALLED = new RegExp(`"(?:[^"\\\\]|\\\\.)*"|\\b(?:${SPACED.join('|')})(?=\\s*\\()`, 'g');

/** The text with `_` in the names of these functions, which FEEL's grammar does not know; texts in it stay. */
export function spell(text) {
  return text.replace(CALLED, (found) => (found.startsWith('"') ? found : found.replace(/\s/g, '_').replace(/_+/g, '_')));
}
