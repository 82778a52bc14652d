// Between JSON and feelin's values. What JSON lacks is marked: {[mark]: ['date', '2026-01-31']}. The mark is a secret of
// the process, so that no variable can pass itself off as a date.
import { DateTime, Duration, FixedOffsetZone, SystemZone } from 'luxon';

const UTC_TIME = new FixedOffsetZone(0); // not luxon's own instance, by which feelin knows a date from a date and time

const moment = (text) => (text.endsWith('+00:00')
  ? DateTime.fromISO(text.slice(0, -6), { zone: UTC_TIME }) : DateTime.fromISO(text, { setZone: true }));

let mark = '';

export function setMark(text) {
  mark = text;
}

const MOMENTS = { date: 'date', time: 'time', datetime: 'date and time' };
const KINDS = {
  date: (text) => DateTime.fromISO(text, { zone: FixedOffsetZone.utcInstance }),
  datetime: (text) => moment(text),
  time: (text) => moment(`1900-01-01T${text}`),
  duration: (text) => tidy(Duration.fromISO(text)),
};

/** A duration of FEEL's two kinds, its parts as the properties give them (§10.3.2.3.4); null for one of both kinds. */
export function tidy(duration) {
  if (!duration?.isValid) return null;
  const { years = 0, quarters = 0, months = 0, ...rest } = duration.toObject();
  const total = 12 * years + 3 * quarters + months;
  if (total === 0) return Duration.fromObject(rest).shiftTo('days', 'hours', 'minutes', 'seconds');
  if (Object.values(rest).some((part) => part !== 0)) return null;
  return Duration.fromObject({ years: Math.trunc(total / 12), months: total % 12 });
}

export function revive(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(revive);
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0][0] === mark) return KINDS[entries[0][1][0]](entries[0][1][1]);
  return Object.fromEntries(entries.map(([key, item]) => [key, revive(item)]));
}

function encodeMoment(moment) {
  if (!moment.isValid) return null;
  if (moment.year === 1900 && moment.month === 1 && moment.day === 1) {
    return { [mark]: ['time', moment.toISOTime({ includeOffset: moment.zone !== SystemZone.instance })] };
  }
  const midnight = moment.hour + moment.minute + moment.second + moment.millisecond === 0;
  if (midnight && moment.zone === FixedOffsetZone.utcInstance) return { [mark]: ['date', moment.toISODate()] };
  return { [mark]: ['datetime', moment.toISO()] };
}

export function encodeDuration(duration) {
  const tidied = tidy(duration);
  if (tidied === null) return null;
  const { years, months } = tidied.toObject();
  if (years || months) return years < 0 || months < 0 ? `-${tidied.negate().toISO()}` : tidied.toISO(); // no fixed length: stays text
  return { [mark]: ['duration', duration.toMillis() / 1000] };
}

/** What FEEL calls the kind of a value of feelin's; null for null. */
export function kindOf(value) {
  if (value === null || value === undefined) return null;
  if (['number', 'string', 'boolean', 'function'].includes(typeof value)) return typeof value;
  if (Array.isArray(value)) return 'list';
  if (DateTime.isDateTime(value)) return MOMENTS[(encodeMoment(value)?.[mark] ?? [])[0]] ?? null;
  if (Duration.isDuration(value)) return typeof encodeDuration(value) === 'string' ? 'years and months duration' : 'days and time duration';
  if ('start included' in value) return 'range';
  return Object.getPrototypeOf(value) === Object.prototype ? 'context' : 'function';
}

/** `value` as JSON values; what has no JSON form (functions, ranges) is null, or with `kinds` its kind. */
export function encode(value, kinds = false) {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item) => encode(item));
  if (DateTime.isDateTime(value)) return encodeMoment(value);
  if (Duration.isDuration(value)) return encodeDuration(value);
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]));
  }
  return kinds ? (typeof value === 'function' || 'fn' in value ? 'function' : 'other') : null;
}

/** The same without marks: dates, times and durations as the texts that forms hold. */
export function unmarked(value) {
  if (Array.isArray(value)) return value.map(unmarked);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0][0] === mark) {
    const [kind, text] = entries[0][1];
    return kind === 'duration' ? `PT${text}S` : text;
  }
  return Object.fromEntries(entries.map(([name, item]) => [name, unmarked(item)]));
}
