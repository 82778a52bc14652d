// DMN item definitions, as far as values need converting to them (DMN 1.5 §10.3.2.9.4): JSON has no dates, and a list
// of one element stands for the element where no list is declared.
import { isContext } from './feel/kinds.js';
import { dayOf, isDay, isMoment, Moment, readDate, readDuration, readMoment, readTime } from './feel/temporal.js';

const read = (reader) => (value) => (typeof value === 'string' ? reader(value) : value);
const momentOf = (value) => (isDay(value) ? new Moment(value.days, 0, 0) : read(readMoment)(value));
const dateOf = (text) => readDate(text) ?? readMoment(text)?.date;

const TEMPORAL = {
  date: (value) => (isMoment(value) ? dayOf(value) : read(dateOf)(value)),
  time: read(readTime),
  dateTime: momentOf,
  'date and time': momentOf,
  duration: read(readDuration),
  dayTimeDuration: read(readDuration),
  yearMonthDuration: read(readDuration),
  'days and time duration': read(readDuration),
  'years and months duration': read(readDuration),
};

/** `value` as the type `name` wants it; unknown types and values that fit already are left alone. */
export function convert(value, name, types, depth = 0) {
  if (!name || value === null || value === undefined || depth > 20) return value ?? null;
  const temporal = TEMPORAL[name];
  if (temporal) return Array.isArray(value) ? value.map((item) => temporal(item) ?? item) : temporal(value) ?? value;
  const type = types[name];
  if (!type) return value;
  if (type.isCollection) return (Array.isArray(value) ? value : [value]).map((item) => single(item, type, types, depth));
  return single(Array.isArray(value) && value.length === 1 ? value[0] : value, type, types, depth);
}

function single(value, type, types, depth) {
  if (type.base) return convert(value, type.base, types, depth + 1);
  if (!type.components || !isContext(value)) return value;
  const converted = { ...value };
  for (const [key, name] of Object.entries(type.components)) {
    if (Object.hasOwn(converted, key)) converted[key] = convert(converted[key], name, types, depth + 1);
  }
  return converted;
}
