// What luxon needs of Intl, which quickjs lacks: English, and time zones whose offsets the host has sent.
//
// A zone is a list of [first instant in ms, offset in minutes], in order; see `zone` in ../feel.js.
const UTC = [[-Infinity, 0]];
const KEPT = 1000;
const zones = new Map([['UTC', UTC]]);
const unknown = new Set();
let local = 'UTC';
let localSteps = UTC;

/** `steps` is null for a name that is no zone. */
export function setZone(name, steps) {
  if (zones.size >= KEPT) for (const [known, found] of zones) if (found === null) zones.delete(known);
  zones.set(name, steps && [[-Infinity, steps[0][1]], ...steps]);
}

function has(name) {
  if (!zones.has(name)) unknown.add(name);
  return Boolean(zones.get(name));
}

/** The names that were asked for since this was last called, and of which the host has said nothing so far. */
export function unknownZones() {
  const names = [...unknown];
  unknown.clear();
  return names;
}

/** The zone of times that name none: a name that the host has sent, or an offset such as `+02:00`, which is no name. */
export function setLocal(name) {
  local = name;
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(name) ?? [];
  localSteps = sign ? [[-Infinity, (sign === '-' ? -1 : 1) * (60 * hours + +minutes)]] : zones.get(name) ?? UTC;
}

const LAST = Date.UTC(2070, 0, 1); // the host's lists end here: see engine/expressions/zones.py
const newYear = (year) => Date.UTC(year, 0, 1);
const looks = (year) => `${new Date(newYear(year)).getUTCDay()} ${newYear(year + 1) - newYear(year)}`;

/** The same moment of one of the last 28 years of the lists, whose calendar is the same: summer time goes by weekdays. */
function within(instant) {
  const year = new Date(instant).getUTCFullYear();
  if (!(instant >= LAST) || Number.isNaN(year)) return instant;
  let like = 2042;
  while (looks(like) !== looks(year)) like += 1;
  return instant - newYear(year) + newYear(like);
}

function offsetIn(steps, moment) {
  const instant = steps.length > 1 ? within(moment) : moment;
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (steps[middle][0] <= instant) low = middle;
    else high = middle - 1;
  }
  return steps[low][1];
}

/** The offset of a zone at an instant, in minutes; 0 for a name that the host has yet to send, or that is none. */
export const zoneOffset = (name, instant) => offsetIn(zones.get(name) ?? UTC, instant);

/** Whether that is a zone; a name that is asked for the first time is sent by the host, which then asks anew. */
export const isZone = has;

export const localOffset = (instant) => offsetIn(localSteps, instant);

class DateTimeFormat {
  constructor(_locales, options = {}) {
    this.options = { locale: 'en-US', calendar: 'gregory', numberingSystem: 'latn', ...options };
    if (options.timeZone !== undefined && !has(options.timeZone)) throw new RangeError(`Invalid time zone: ${options.timeZone}`);
    this.options.timeZone ??= local;
  }

  resolvedOptions() {
    return this.options;
  }

  formatToParts(date) {
    const instant = +date;
    const there = new Date(instant + offsetIn(zones.get(this.options.timeZone) ?? localSteps, instant) * 60000);
    const year = there.getUTCFullYear();
    return [
      ['month', there.getUTCMonth() + 1], ['day', there.getUTCDate()], ['year', year > 0 ? year : 1 - year],
      ['era', year > 0 ? 'AD' : 'BC'], ['hour', there.getUTCHours()], ['minute', there.getUTCMinutes()],
      ['second', there.getUTCSeconds()],
    ].map(([type, value]) => ({ type, value: String(value) }));
  }

  format(date) {
    return new Date(date ?? Date.now()).toISOString();
  }
}

class NumberFormat {
  constructor(_locales, options = {}) {
    this.options = { locale: 'en-US', numberingSystem: 'latn', ...options };
  }

  resolvedOptions() {
    return this.options;
  }

  format(number) {
    return String(number).padStart(this.options.minimumIntegerDigits ?? 1, '0');
  }
}

globalThis.Intl ??= { DateTimeFormat, NumberFormat };
