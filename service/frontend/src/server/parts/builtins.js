// What DMN 1.5 §10.3.4 has and feelin 6.1 has not, or does otherwise: functions of ours that its names find first.
import { date as readDate } from '@bpmn-io/feelin';
import { DateTime, Duration, SystemZone } from 'luxon';
import { tidy } from './values.js';

const isNil = (value) => value === null || value === undefined;
const isRange = (value) => !isNil(value) && typeof value === 'object' && 'start included' in value && 'end included' in value;
const named = (names, call) => Object.assign(call, { $args: names });

/** -1, 0 or 1 for two values of one ordered kind; null for all others. */
function order(a, b) {
  if (isNil(a) || isNil(b) || typeof a !== typeof b) return null;
  if (Duration.isDuration(a) !== Duration.isDuration(b) || DateTime.isDateTime(a) !== DateTime.isDateTime(b)) return null;
  const comparable = ['number', 'string'].includes(typeof a) || Duration.isDuration(a) || DateTime.isDateTime(a);
  if (!comparable) return null;
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

const is = (a, b) => order(a, b) === 0;
const less = (a, b) => order(a, b) === -1;

/** A point or a range as a range; null for what is neither. */
function ranged(value) {
  if (isRange(value)) return { start: value.start, end: value.end, from: value['start included'], to: value['end included'] };
  return order(value, value) === 0 ? { start: value, end: value, from: true, to: true } : null;
}

/** A function of two points or ranges (§10.3.4.9, table 78), null where they cannot be compared. */
function relation(names, holds) {
  return named(names, (first, second) => {
    const a = ranged(first);
    const b = ranged(second);
    return a && b && order(a.start, b.start) !== null && order(a.end, b.end) !== null ? holds(a, b) : null;
  });
}

const startsLater = (a, b) => less(b.start, a.start) || (is(a.start, b.start) && (b.from || !a.from));
const endsEarlier = (a, b) => less(a.end, b.end) || (is(a.end, b.end) && (b.to || !a.to));
const sameStart = (a, b) => is(a.start, b.start) && a.from === b.from;
const sameEnd = (a, b) => is(a.end, b.end) && a.to === b.to;
const within = (a, b) => startsLater(a, b) && endsEarlier(a, b);
const before = (a, b) => less(a.end, b.start) || (is(a.end, b.start) && !(a.to && b.from));
const overlapsBefore = (a, b) => !before(a, b) && !before(b, a)
  && (less(a.start, b.start) || (is(a.start, b.start) && a.from && !b.from))
  && (less(a.end, b.end) || (is(a.end, b.end) && (!a.to || b.to)));
const overlapsAfter = (a, b) => !before(a, b) && !before(b, a)
  && (less(b.start, a.start) || (is(a.start, b.start) && b.from && !a.from))
  && (less(b.end, a.end) || (is(a.end, b.end) && (!b.to || a.to)));

/** The largest or smallest of a list or of the arguments, of any ordered kind; null when they cannot be compared. */
function extreme(sign) {
  return Object.assign((...given) => {
    const list = given.length === 1 && Array.isArray(given[0]) ? given[0] : given;
    if (!list.length) return null;
    let best = list[0];
    for (const item of list) {
      const found = order(item, best);
      if (found === null) return null;
      if (found === sign) best = item;
    }
    return best;
  }, { $args: ['...list'] });
}

// feelin's own today() is a date and time at midnight; §10.3.4.9 says a date.
const today = named([], () => DateTime.now().setZone('utc', { keepLocalTime: true }).startOf('day'));

/** The day of a date and time where it was said, not in UTC (§10.3.4.1: its date component). */
export const dayOf = (moment) => moment.setZone('utc', { keepLocalTime: true }).startOf('day');

const valid = (value) => (value?.isValid ? value : null);

function date(year, month, day, from) {
  const given = from ?? year;
  if (typeof given === 'string') return valid(dayOf(readDate(given)));
  if (DateTime.isDateTime(given)) return valid(dayOf(given));
  if (![year, month, day].every((part) => typeof part === 'number')) return null;
  return valid(DateTime.fromObject({ year, month, day }, { zone: 'utc' }));
}

function dateAndTime(day, clock, from) {
  const given = from ?? day;
  if (typeof given === 'string') return valid(readDate(given, null, given.includes('@') ? null : SystemZone.instance));
  if (!DateTime.isDateTime(day) || !DateTime.isDateTime(clock)) return null;
  return valid(clock.set({ year: day.year, month: day.month, day: day.day }));
}

const isTime = (moment) => moment.year === 1900 && moment.month === 1 && moment.day === 1;
const inMonth = (moment) => moment.day * 86_400_000 + moment.diff(moment.startOf('day')).toMillis();

/** Whole months only, towards zero: the last one has passed when its day has come (§10.3.4.1). */
function yearsAndMonths(from, to) {
  if (![from, to].every((moment) => DateTime.isDateTime(moment) && !isTime(moment))) return null;
  let months = 12 * (to.year - from.year) + to.month - from.month;
  if (months > 0 && inMonth(to) < inMonth(from)) months -= 1;
  if (months < 0 && inMonth(to) > inMonth(from)) months += 1;
  return Duration.fromObject({ years: Math.trunc(months / 12), months: months % 12 });
}

function listReplace(list, position, newItem, match) {
  const matcher = position ?? match;
  if (!Array.isArray(list)) return null;
  if (typeof matcher === 'number') {
    const at = matcher < 0 ? list.length + matcher : matcher - 1;
    return Number.isInteger(at) && at >= 0 && at < list.length ? list.with(at, newItem ?? null) : null;
  }
  if (typeof matcher?.invoke !== 'function') return null;
  return list.map((item) => (matcher.invoke([item, newItem]) === true ? newItem ?? null : item));
}

/** feelin finds these before any name of the context: as calls they are given names of ours, of the same length. */
export const SPECIAL = { 'date and time': 'dɑte_and_time', date: 'dɑte', duration: 'durɑtion' };

export const BUILTINS = {
  [SPECIAL.date]: named(['year', 'month', 'day', 'from'], date),
  [SPECIAL.duration]: named(['from'], (from) => (typeof from === 'string' ? tidy(Duration.fromISO(from)) : null)),
  'years and months duration': named(['from', 'to'], yearsAndMonths),
  'list replace': named(['list', 'position', 'newItem', 'match'], listReplace),
  [SPECIAL['date and time']]: named(['date', 'time', 'from'], dateAndTime),
  today,
  max: extreme(1),
  min: extreme(-1),
  abs: named(['n'], (n) => {
    if (Duration.isDuration(n)) return n < Duration.fromMillis(0) ? n.negate() : n;
    return typeof n === 'number' ? Math.abs(n) : null;
  }),
  substring: named(['string', 'start position', 'length'], (text, start, length) => {
    if (typeof text !== 'string' || typeof start !== 'number' || start === 0) return null;
    if (!isNil(length) && (typeof length !== 'number' || length < 1)) return null;
    const signs = Array.from(text);
    const first = start < 0 ? Math.max(0, signs.length + start) : start - 1;
    return signs.slice(first, isNil(length) ? undefined : first + length).join('');
  }),
  'overlaps before': relation(['range1', 'range2'], overlapsBefore),
  'overlaps after': relation(['range1', 'range2'], overlapsAfter),
  finishes: relation(['point or range', 'range'], (a, b) => sameEnd(a, b) && startsLater(a, b)),
  'finished by': relation(['range', 'point or range'], (a, b) => sameEnd(a, b) && startsLater(b, a)),
  during: relation(['point or range', 'range'], within),
  starts: relation(['point or range', 'range'], (a, b) => sameStart(a, b) && endsEarlier(a, b)),
  'started by': relation(['range', 'point or range'], (a, b) => sameStart(a, b) && endsEarlier(b, a)),
  coincides: relation(['a', 'b'], (a, b) => sameStart(a, b) && sameEnd(a, b)),
};
