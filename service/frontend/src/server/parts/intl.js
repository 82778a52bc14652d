// What luxon needs of Intl, which quickjs lacks: English, and time zones whose offsets the host has sent.
//
// A zone is a list of [first instant in ms, offset in minutes], in order; see `zone` in ../feel.js.
const zones = new Map([['UTC', [[-Infinity, 0]]]]);
let local = 'UTC';

export function setZone(name, steps) {
  zones.set(name, [[-Infinity, steps[0][1]], ...steps]);
}

export function setLocal(name) {
  local = name;
}

export function offset(name, instant) {
  const steps = zones.get(name);
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (steps[middle][0] <= instant) low = middle;
    else high = middle - 1;
  }
  return steps[low][1];
}

export function localOffset(instant) {
  return offset(local, instant);
}

class DateTimeFormat {
  constructor(_locales, options = {}) {
    this.options = { locale: 'en-US', calendar: 'gregory', numberingSystem: 'latn', ...options };
    this.options.timeZone ??= local;
    if (!zones.has(this.options.timeZone)) throw new RangeError(`Invalid time zone: ${this.options.timeZone}`);
  }

  resolvedOptions() {
    return this.options;
  }

  formatToParts(date) {
    const instant = +date;
    const there = new Date(instant + offset(this.options.timeZone, instant) * 60000);
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
