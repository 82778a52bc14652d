// FEEL's dates, times, dates and times, and its two kinds of duration (DMN 1.5 §10.3.2.3), each a class of its own.
//
// Days are counted from 1970-01-01 in the proleptic Gregorian calendar, seconds are numbers with fractions, offsets are
// seconds east of UTC. What names no offset is local: in the zone of the case, which the host has said (../intl.js).
import { isZone, localOffset, zoneOffset } from '../intl.js';

const DAY = 86400;
const MOST_YEAR = 999_999_999;
const MOST_OFFSET = 14 * 3600; // XML Schema part 2, §3.3.7
const floorMod = (a, b) => ((a % b) + b) % b;
const exact = (seconds) => Math.round(seconds * 1e9) / 1e9;
const two = (number) => String(number).padStart(2, '0');

// --- The calendar: days since 1970-01-01 and back, for every year

export function dayNumber(year, month, day) {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719468;
}

function civil(days) {
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const ofEra = shifted - era * 146097;
  const year = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36524) - Math.floor(ofEra / 146096)) / 365);
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const part = Math.floor((5 * ofYear + 2) / 153);
  const month = part < 10 ? part + 3 : part - 9;
  return { year: year + era * 400 + (month <= 2 ? 1 : 0), month, day: ofYear - Math.floor((153 * part + 2) / 5) + 1 };
}

const isLeap = (year) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const monthDays = (year, month) => (month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);

function yearText(year) {
  return `${year < 0 ? '-' : ''}${String(Math.abs(year)).padStart(4, '0')}`;
}

function clockText(seconds) {
  const whole = Math.floor(seconds);
  const fraction = exact(seconds - whole);
  const digits = fraction ? fraction.toFixed(9).replace(/0+$/, '').slice(1) : '';
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}${digits}`;
}

export function offsetText(offset) {
  if (offset === 0) return 'Z';
  const size = Math.abs(offset);
  const rest = size % 60 ? `:${two(size % 60)}` : '';
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}:${two(Math.floor((size % 3600) / 60))}${rest}`;
}

const parts = (seconds) => ({ hour: Math.floor(seconds / 3600), minute: Math.floor((seconds % 3600) / 60), second: exact(seconds % 60) });
const zoneText = ({ zone, offset }) => (zone ? `@${zone}` : offset === null ? '' : offsetText(offset));

// --- The kinds

/** A date; `days` since 1970-01-01. */
export class Day {
  constructor(days) {
    this.days = days;
    Object.assign(this, civil(days));
  }

  get weekday() { return floorMod(this.days + 3, 7) + 1; }

  toString() { return `${yearText(this.year)}-${two(this.month)}-${two(this.day)}`; }
}

/** A time; `offset` is null for a local one. */
export class Time {
  constructor(seconds, offset = null, zone = null) {
    Object.assign(this, { seconds, offset, zone });
  }

  toString() { return clockText(this.seconds) + zoneText(this); }

  /** The same with an offset instead of a zone: what the host reads. */
  toOffsetText() {
    const offset = timeOffset(this);
    return hostClock(this.seconds) + (offset === null ? '' : offset === 0 ? '+00:00' : offsetText(offset));
  }
}

const hostClock = (seconds) => clockText(Math.floor(seconds * 1e6) / 1e6); // the host knows microseconds

/** A date and time as the clock shows it there; `offset` is null for a local one. */
export class Moment {
  constructor(days, seconds, offset = null, zone = null) {
    Object.assign(this, { days, seconds, offset, zone });
  }

  /** Seconds since 1970-01-01T00:00:00Z. */
  get instant() {
    const wall = this.days * DAY + this.seconds;
    return wall - (this.offset ?? localAt(wall));
  }

  get date() { return new Day(this.days); }

  toString() { return `${this.date}T${clockText(this.seconds)}${zoneText(this)}`; }

  /** The same with an offset in any case: what the host reads. */
  toOffsetText() {
    const offset = this.offset ?? localAt(this.days * DAY + this.seconds);
    return `${this.date}T${hostClock(this.seconds)}${offset === 0 ? '+00:00' : offsetText(offset)}`;
  }
}

/** A days and time duration. */
export class Seconds {
  constructor(seconds) { this.seconds = exact(seconds); }

  toString() {
    if (this.seconds === 0) return 'PT0S';
    const size = Math.abs(this.seconds);
    const days = Math.floor(size / DAY);
    const { hour, minute, second } = parts(size % DAY);
    const digits = Number.isInteger(second) ? String(second) : second.toFixed(9).replace(/0+$/, '');
    const clock = `${hour ? `${hour}H` : ''}${minute ? `${minute}M` : ''}${second ? `${digits}S` : ''}`;
    return `${this.seconds < 0 ? '-' : ''}P${days ? `${days}D` : ''}${clock ? `T${clock}` : ''}`;
  }
}

/** A years and months duration. */
export class Months {
  constructor(months) { this.months = months || 0; }

  toString() {
    const size = Math.abs(this.months);
    const [years, months] = [Math.floor(size / 12), size % 12];
    return `${this.months < 0 ? '-' : ''}P${years ? `${years}Y` : ''}${months || !years ? `${months}M` : ''}`;
  }
}

export const isMoment = (value) => value instanceof Moment;
export const isDay = (value) => value instanceof Day;
export const isTime = (value) => value instanceof Time;
export const isDuration = (value) => value instanceof Seconds || value instanceof Months;

// --- Zones

/** The offset of a time on the clock of a zone: the first of two where an hour comes twice; null for an hour left out. */
function wallOffset(wall, offsetAt) {
  const found = [offsetAt(wall - DAY), offsetAt(wall + DAY)].sort((a, b) => b - a);
  return found.find((offset) => offsetAt(wall - offset) === offset) ?? null;
}

const localAt = (wall) => wallOffset(wall, (instant) => localOffset(instant * 1000) * 60) ?? localOffset((wall - DAY) * 1000) * 60;

function inZone(days, seconds, zone) {
  const offsetAt = (instant) => zoneOffset(zone, instant * 1000) * 60;
  const wall = days * DAY + seconds;
  const offset = wallOffset(wall, offsetAt);
  return offset === null ? atInstant(wall - offsetAt(wall - DAY), { zone }) : new Moment(days, seconds, offset, zone);
}

/** The date and time at `instant`, in the zone or at the offset of `like`. */
function atInstant(instant, { offset = null, zone = null }) {
  const there = zone ? zoneOffset(zone, instant * 1000) * 60 : offset ?? localOffset(instant * 1000) * 60;
  const wall = Math.round((instant + there) * 1e6) / 1e6; // of a double that counts from 1970, no more is known
  const days = Math.floor(wall / DAY);
  return new Moment(days, Math.round((wall - days * DAY) * 1e6) / 1e6, zone || offset !== null ? there : null, zone);
}

export const nowAt = (milliseconds) => atInstant(milliseconds / 1000, {});

// --- Reading (§10.3.4.1: as XML Schema writes them; the seconds may be left out, as browsers do)

const DATE = /^(-?)(\d{4}|[1-9]\d{4,8})-(\d\d)-(\d\d)$/;
const CLOCK = /^(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?(?:(Z)|([+-])(\d\d):(\d\d)(?::(\d\d))?|@(.+))?$/;
const SECONDS = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const MONTHS = /^(-?)P(?:(\d+)Y)?(?:(\d+)M)?$/;

export function makeDate(year, month, day) {
  if (![year, month, day].every(Number.isInteger) || Math.abs(year) > MOST_YEAR) return null;
  if (month < 1 || month > 12 || day < 1 || day > monthDays(year, month)) return null;
  return new Day(dayNumber(year, month, day));
}

export function makeTime(hour, minute, second, offset = null) {
  if (![hour, minute].every(Number.isInteger) || !(hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60)) return null;
  if (offset !== null && !(Math.abs(offset) <= MOST_OFFSET)) return null;
  return new Time(exact(hour * 3600 + minute * 60 + second), offset);
}

export function readDate(text) {
  const [, sign, year, month, day] = DATE.exec(text) ?? [];
  return year === undefined ? null : makeDate(sign ? -year : +year, +month, +day);
}

export function readTime(text) {
  const [, hour, minute, second = 0, utc, sign, hours, minutes, more = 0, zone] = CLOCK.exec(text) ?? [];
  if (hour === undefined || (zone !== undefined && !isZone(zone))) return null;
  const offset = utc ? 0 : sign ? (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60 + +more) : null;
  if (sign && minutes > 59) return null;
  const found = makeTime(+hour, +minute, +second, offset);
  return found && zone ? new Time(found.seconds, null, zone) : found;
}

export function readMoment(text) {
  const at = text.indexOf('T');
  const date = readDate(at < 0 ? text : text.slice(0, at));
  const time = at < 0 ? new Time(0) : readTime(text.slice(at + 1));
  return date && time && joined(date, time);
}

/** A date and a time together. */
export function joined(date, time) {
  return time.zone ? inZone(date.days, time.seconds, time.zone) : new Moment(date.days, time.seconds, time.offset);
}

export function readDuration(text) {
  if (/[PT]$/.test(text)) return null;
  const [whole, sign, years = 0, months = 0] = MONTHS.exec(text) ?? [];
  if (whole) return new Months((sign ? -1 : 1) * (12 * years + +months));
  const [found, minus, days = 0, hours = 0, minutes = 0, seconds = 0] = SECONDS.exec(text) ?? [];
  return found ? new Seconds((minus ? -1 : 1) * (days * DAY + hours * 3600 + minutes * 60 + +seconds)) : null;
}

/** What stands behind an `@` (§10.3.1.2, rule 65), or null. */
export const readAny = (text) => readDate(text) ?? readDuration(text) ?? (text.includes('T') ? readMoment(text) : readTime(text));

// --- Order: -1, 0 or 1; null where there is none

const sign = (difference) => (difference < 0 ? -1 : difference > 0 ? 1 : 0);

/** A time that was read with a zone knows no day: its offset is that of the beginning of 1970. */
const timeOffset = ({ offset, zone }) => offset ?? (zone ? zoneOffset(zone, 0) * 60 : null);

export function orderOf(a, b) {
  if (isDay(a) && isDay(b)) return sign(a.days - b.days);
  if (isMoment(a) && isMoment(b)) return sign(exact(a.instant - b.instant));
  if (a instanceof Seconds && b instanceof Seconds) return sign(a.seconds - b.seconds);
  if (a instanceof Months && b instanceof Months) return sign(a.months - b.months);
  if (!isTime(a) || !isTime(b)) return null;
  const [one, other] = [timeOffset(a), timeOffset(b)];
  if ((one === null) !== (other === null)) return null; // a local time and one at an offset
  return sign(a.seconds - (one ?? 0) - b.seconds + (other ?? 0));
}

/** `is` (§10.3.4.6): the same in every part, the offset or zone as well. */
export const identical = (a, b) => a.constructor === b.constructor && String(a) === String(b);

// --- Reckoning (§10.3.2.13.1, tables 54 to 57); null where it is undefined

function addMonths(date, months) {
  const month = date.month - 1 + months;
  const [year, inYear] = [date.year + Math.floor(month / 12), floorMod(month, 12) + 1];
  return makeDate(year, inYear, Math.min(date.day, monthDays(year, inYear)));
}

/** Local clocks go by the calendar for whole days, so that noon stays noon; clocks with an offset or zone count seconds. */
function addSeconds(moment, seconds) {
  if (moment.offset !== null) return atInstant(moment.instant + seconds, moment);
  const days = Math.trunc(seconds / DAY);
  const begun = new Moment(moment.days + days, moment.seconds);
  const rest = exact(seconds - days * DAY);
  return rest ? atInstant(begun.instant + rest, {}) : begun;
}

export function plus(a, b) {
  if (a instanceof Seconds && b instanceof Seconds) return new Seconds(a.seconds + b.seconds);
  if (a instanceof Months && b instanceof Months) return new Months(a.months + b.months);
  if (isDuration(a)) return isDuration(b) ? null : plus(b, a);
  if (b instanceof Months && isDay(a)) return addMonths(a, b.months);
  if (b instanceof Months && isMoment(a)) {
    const date = addMonths(a.date, b.months);
    return date && joined(date, new Time(a.seconds, a.offset, a.zone));
  }
  if (!(b instanceof Seconds)) return null;
  if (isDay(a)) return inYears(new Day(a.days + Math.floor(b.seconds / DAY)));
  if (isTime(a)) return new Time(exact(floorMod(a.seconds + b.seconds, DAY)), a.offset, a.zone);
  return isMoment(a) ? inYears(addSeconds(a, b.seconds)) : null;
}

const inYears = (value) => (Math.abs((isDay(value) ? value : value.date).year) <= MOST_YEAR ? value : null);

export function minus(a, b) {
  if (isDuration(b)) return plus(a, negate(b));
  if (isDay(a) && isDay(b)) return new Seconds((a.days - b.days) * DAY);
  if (isTime(a) && isTime(b)) {
    const [one, other] = [timeOffset(a), timeOffset(b)];
    return (one === null) === (other === null) ? new Seconds(a.seconds - (one ?? 0) - b.seconds + (other ?? 0)) : null;
  }
  const [first, second] = [a, b].map((value, at) => (isDay(value) ? midnight(value, at ? a : b) : value));
  return isMoment(first) && isMoment(second) ? new Seconds(first.instant - second.instant) : null;
}

/** A date among dates and times is its midnight in UTC (§10.3.2.9.4); beside a local one, its local midnight. */
const midnight = (date, beside) => new Moment(date.days, 0, isMoment(beside) && beside.offset === null ? null : 0);

export const negate = (duration) => (duration instanceof Seconds ? new Seconds(-duration.seconds) : new Months(-duration.months));

/** A duration that many times; months only whole ones, towards zero. */
export function times(duration, factor) {
  if (!Number.isFinite(factor)) return null;
  return duration instanceof Seconds ? new Seconds(duration.seconds * factor) : new Months(Math.trunc(exact(duration.months * factor)));
}

export function ratio(a, b) {
  const [one, other] = a instanceof Seconds ? [a.seconds, b.seconds] : [a.months, b.months];
  return a.constructor === b.constructor && other !== 0 ? one / other : null;
}

/** Whole months only, towards zero: the last one has passed when its day has come (§10.3.4.1). */
export function monthsBetween(from, to) {
  const [a, b] = [from, to].map((value) => (isDay(value) ? value : value.date));
  let months = 12 * (b.year - a.year) + b.month - a.month;
  const [left, right] = [a.day * DAY + (from.seconds ?? 0), b.day * DAY + (to.seconds ?? 0)];
  if (months > 0 && right < left) months -= 1;
  if (months < 0 && right > left) months += 1;
  return new Months(months);
}

// --- Properties (§10.3.2.6.1, table 60 and 61): undefined where there is none of that name

const clockOf = ({ seconds, offset, zone }) => ({
  ...parts(seconds),
  'time offset': offset === null ? null : new Seconds(offset),
  timezone: zone,
});
const dayPart = ({ year, month, day, weekday }) => ({ year, month, day, weekday });

export function property(value, name) {
  return propertiesOf(value)[name];
}

function propertiesOf(value) {
  if (isDay(value)) return dayPart(value);
  if (isTime(value)) return clockOf({ ...value, offset: timeOffset(value) });
  if (isMoment(value)) return { ...dayPart(value.date), ...clockOf(value) };
  if (value instanceof Months) return { years: Math.trunc(value.months / 12), months: value.months % 12 };
  const size = Math.abs(value.seconds);
  const { hour: hours, minute: minutes, second: seconds } = parts(size % DAY);
  const found = { days: Math.floor(size / DAY), hours, minutes, seconds };
  return value.seconds < 0 ? Object.fromEntries(Object.entries(found).map(([name, part]) => [name, part === 0 ? 0 : -part])) : found;
}

// --- Weeks and names (§10.3.4.8)

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const MONTH_NAMES = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

export const dayOf = (value) => (isDay(value) ? value : value.date);
export const dayName = (date) => DAYS[date.weekday - 1];
export const monthName = (date) => MONTH_NAMES[date.month - 1];
export const dayOfYear = (date) => date.days - dayNumber(date.year, 1, 1) + 1;

/** The week of ISO 8601: that of its Thursday. */
export function weekOfYear(date) {
  const thursday = new Day(date.days + 4 - date.weekday);
  return Math.floor((dayOfYear(thursday) - 1) / 7) + 1;
}

export const lastOfMonth = (date) => makeDate(date.year, date.month, monthDays(date.year, date.month));
