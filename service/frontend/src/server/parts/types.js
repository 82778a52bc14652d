// DMN item definitions, as far as values need converting to them (DMN 1.5 §10.3.2.9.4): JSON has no dates, and a list
// of one element stands for the element where no list is declared.
import { evaluate } from './evaluator.js';
import { DateTime, Duration } from 'luxon';
import { dayOf } from './builtins.js';

const isObject = (value) => typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const read = (name) => (value) => (typeof value === 'string' ? evaluate(`${name}(x)`, { x: value }).value : value);
const asDate = (value) => (DateTime.isDateTime(value) ? dayOf(value) : read('date')(value));

const TEMPORAL = {
  date: asDate,
  time: read('time'),
  dateTime: read('date and time'),
  'date and time': read('date and time'),
  duration: read('duration'),
  dayTimeDuration: read('duration'),
  yearMonthDuration: read('duration'),
  'days and time duration': read('duration'),
  'years and months duration': read('duration'),
};

/** `value` as the type `name` wants it; unknown types and values that fit already are left alone. */
export function convert(value, name, types, depth = 0) {
  if (!name || value === null || value === undefined || depth > 20) return value ?? null;
  if (Duration.isDuration(value)) return value;
  const temporal = TEMPORAL[name];
  if (temporal) return Array.isArray(value) ? value.map((item) => temporal(item) ?? item) : temporal(value) ?? value;
  const type = types[name];
  if (!type) return value;
  if (type.isCollection) return (Array.isArray(value) ? value : [value]).map((item) => single(item, type, types, depth));
  return single(Array.isArray(value) && value.length === 1 ? value[0] : value, type, types, depth);
}

function single(value, type, types, depth) {
  if (type.base) return convert(value, type.base, types, depth + 1);
  if (!type.components || !isObject(value)) return value;
  const converted = { ...value };
  for (const [key, name] of Object.entries(type.components)) {
    if (Object.hasOwn(converted, key)) converted[key] = convert(converted[key], name, types, depth + 1);
  }
  return converted;
}
