// The functions of points and ranges (DMN 1.5 §10.3.4.9, table 78), and range() itself.
import { order, Range } from './kinds.js';

const is = (a, b) => order(a, b) === 0;
const less = (a, b) => order(a, b) === -1;
const isRange = (value) => value instanceof Range;

/** A point or a range as a range; null for what has no order, or a test such as `(!= 5)`. */
function ranged(value) {
  if (isRange(value)) return value.test ? null : value;
  return order(value, value) === 0 ? new Range(value, value, true, true) : null;
}

/** Whether the ends of two ranges can be compared: an end that is none is beyond all others. */
function comparable(a, b) {
  const ends = [a.start, a.end, b.start, b.end].filter((end) => end !== undefined);
  return ends.length > 0 && ends.every((end) => order(end, ends[0]) !== null);
}

/** A relation of two points or ranges, null where they cannot be compared; `kinds` is what each has to be. */
function relation(holds, kinds = [null, null]) {
  return (first, second) => {
    if (![first, second].every((value, at) => kinds[at] === null || isRange(value) === (kinds[at] === 'range'))) return null;
    const [a, b] = [ranged(first), ranged(second)];
    return a && b && comparable(a, b) ? holds(a, b) : null;
  };
}

const R = ['range', 'range'];
const open = (end) => end === undefined;
const both = (a, b, side) => !open(a[side]) && !open(b[side]);
const sameStart = (a, b) => (open(a.start) && open(b.start)) || (both(a, b, 'start') && is(a.start, b.start) && a.startIncluded === b.startIncluded);
const sameEnd = (a, b) => (open(a.end) && open(b.end)) || (both(a, b, 'end') && is(a.end, b.end) && a.endIncluded === b.endIncluded);
const startsLater = (a, b) => open(b.start) || (!open(a.start) && (less(b.start, a.start) || (is(a.start, b.start) && (b.startIncluded || !a.startIncluded))));
const endsEarlier = (a, b) => open(b.end) || (!open(a.end) && (less(a.end, b.end) || (is(a.end, b.end) && (b.endIncluded || !a.endIncluded))));
const within = (a, b) => startsLater(a, b) && endsEarlier(a, b);
const before = (a, b) => !open(a.end) && !open(b.start) && (less(a.end, b.start) || (is(a.end, b.start) && !(a.endIncluded && b.startIncluded)));
const apart = (a, b) => before(a, b) || before(b, a);
const meets = (a, b) => !open(a.end) && !open(b.start) && is(a.end, b.start) && a.endIncluded && b.startIncluded;
const startsStrictly = (a, b) => !startsLater(a, b);

export const RELATIONS = {
  before: relation(before),
  after: relation((a, b) => before(b, a)),
  meets: relation(meets, R),
  'met by': relation((a, b) => meets(b, a), R),
  overlaps: relation((a, b) => !apart(a, b), R),
  'overlaps before': relation((a, b) => !apart(a, b) && startsStrictly(a, b) && endsEarlier(a, b), R),
  'overlaps after': relation((a, b) => !apart(a, b) && startsStrictly(b, a) && endsEarlier(b, a), R),
  finishes: relation((a, b) => sameEnd(a, b) && startsLater(a, b), [null, 'range']),
  'finished by': relation((a, b) => sameEnd(a, b) && startsLater(b, a), ['range', null]),
  includes: relation((a, b) => within(b, a), ['range', null]),
  during: relation(within, [null, 'range']),
  starts: relation((a, b) => sameStart(a, b) && endsEarlier(a, b), [null, 'range']),
  'started by': relation((a, b) => sameStart(a, b) && endsEarlier(b, a), ['range', null]),
  coincides: relation((a, b) => sameStart(a, b) && sameEnd(a, b)),
};
