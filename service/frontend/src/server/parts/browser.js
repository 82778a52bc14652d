// What forms need of feelin besides: they mean what they mean in the browser, so it evaluates them, and not ../feel/.
import { evaluate, unaryTest } from '@bpmn-io/feelin';
import { DateTime, Duration, FixedOffsetZone, SystemZone } from 'luxon';
import { isLimit } from './limits.js';

/** A value of feelin's as form-js holds it: dates, times and durations as texts; what has no JSON form is null. */
export function plain(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (DateTime.isDateTime(value)) return momentText(value);
  if (Duration.isDuration(value)) return durationText(value);
  return Object.getPrototypeOf(value) === Object.prototype
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) : null;
}

function momentText(moment) {
  if (!moment.isValid) return null;
  if (moment.year === 1900 && moment.month === 1 && moment.day === 1) return moment.toISOTime({ includeOffset: moment.zone !== SystemZone.instance });
  const midnight = moment.hour + moment.minute + moment.second + moment.millisecond === 0;
  return midnight && moment.zone === FixedOffsetZone.utcInstance ? moment.toISODate() : moment.toISO();
}

function durationText(duration) {
  if (!duration.isValid) return null;
  const { years = 0, quarters = 0, months = 0, ...rest } = duration.toObject();
  const total = 12 * years + 3 * quarters + months;
  if (total === 0) return `PT${duration.toMillis() / 1000}S`;
  if (Object.values(rest).some((part) => part !== 0)) return null;
  return `${total < 0 ? '-' : ''}${Duration.fromObject({ years: Math.abs(Math.trunc(total / 12)), months: Math.abs(total % 12) }).toISO()}`;
}

/** What feelin has not implemented of a text; it says so only when it evaluates. */
export function unimplemented(text, context, isUnary) {
  try {
    (isUnary ? unaryTest : evaluate)(text, context);
  } catch (error) {
    if (isLimit(error)) throw error;
    // without values a name such as `number` is the function of that name, which has no text
    if (/^not implemented/.test(error.message) && !error.message.includes('string(')) return error.message;
  }
  return null;
}
