// Between JSON and FEEL's values. What JSON lacks is marked: {[mark]: ['date', '2026-01-31']}. The mark is a secret of
// the process, so that no variable can pass itself off as a date.
import { isContext, kindOf } from './feel/kinds.js';
import { Day, Moment, Months, readDate, readDuration, readMoment, readTime, Seconds, Time } from './feel/temporal.js';

let mark = '';

export function setMark(text) {
  mark = text;
}

const KINDS = { date: readDate, datetime: readMoment, time: readTime, duration: readDuration };

export function revive(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(revive);
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0][0] === mark) return KINDS[entries[0][1][0]](entries[0][1][1]);
  return Object.fromEntries(entries.map(([key, item]) => [key, revive(item)]));
}

function marked(value) {
  if (value instanceof Day) return { [mark]: ['date', String(value)] };
  if (value instanceof Time) return { [mark]: ['time', value.toOffsetText()] };
  if (value instanceof Moment) return { [mark]: ['datetime', value.toOffsetText()] };
  return value instanceof Seconds ? { [mark]: ['duration', value.seconds] } : null;
}

/** `value` as JSON values; what has no JSON form (functions, ranges) is null. Months have no length, and stay text. */
export function encode(value) {
  const kind = kindOf(value);
  if (kind === null) return null;
  if (kind === 'number') return Number.isFinite(value) ? value : null;
  if (kind === 'string' || kind === 'boolean') return value;
  if (kind === 'list') return value.map((item) => encode(item));
  if (value instanceof Months) return String(value);
  return isContext(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)])) : marked(value);
}
