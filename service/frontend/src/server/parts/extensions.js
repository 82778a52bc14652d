// Functions that Camunda 8 adds to FEEL: people write them, and without them an expression would quietly be null.
import { DateTime } from 'luxon';
import { dayOf, SPECIAL } from './builtins.js';
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
  last_day_of_month: named(['date'], (date) => (DateTime.isDateTime(date) ? dayOf(date.endOf('month')) : null)),
};

const SPACED = Object.keys(EXTENSIONS).filter((name) => name.includes('_')).map((name) => name.replaceAll('_', '\\s+'));
// What is tried first is what is longest, so that the `duration` of `years and months duration` is left alone.
const CALLED = new RegExp(String.raw`"(?:[^"\\]|\\.)*"|\byears\s+and\s+months\s+duration\b|\b(?:${SPACED.join('|')}|${
  Object.keys(SPECIAL).map((name) => name.replaceAll(' ', '\\s+')).join('|')})(?=\s*\()`, 'g');

/** The text with names that FEEL's grammar takes for these functions, and for ours that go before feelin's; texts stay. */
export function spell(text) {
  return text.replace(CALLED, (found) => {
    if (found.startsWith('"') || found.startsWith('years')) return found;
    return SPECIAL[found.replace(/\s+/g, ' ')] ?? found.replace(/\s+/g, '_');
  });
}
