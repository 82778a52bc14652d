// What kinds of value FEEL has, and how they are equal, ordered, and written (DMN 1.5 §10.3.2.9, §10.3.2.13).
import { Day, identical, isDuration, Moment, Months, orderOf, Seconds, Time } from './temporal.js';

/** A range; an end that is null and `open` is none at all, as in `> 5` (§10.3.2.7). */
export class Range {
  constructor(start, end, startIncluded, endIncluded, test = null) {
    Object.assign(this, { start, end, startIncluded, endIncluded, test });
  }

  /** Whether the value lies in it: three-valued. */
  includes(value) {
    if (this.test) return this.test(value);
    const above = this.start === undefined ? true : holds(order(this.start, value), this.startIncluded ? [-1, 0] : [-1]);
    const below = this.end === undefined ? true : holds(order(value, this.end), this.endIncluded ? [-1, 0] : [-1]);
    return and(above, below);
  }

  toString() {
    if (this.test) return '<range>';
    const end = (value) => (value === undefined ? 'null' : textOf(value, true));
    return `${this.startIncluded ? '[' : '('}${end(this.start)}..${end(this.end)}${this.endIncluded ? ']' : ')'}`;
  }
}

/** A function; `call` takes the arguments in order, one for each parameter. */
export class Func {
  constructor(parameters, call) {
    Object.assign(this, { parameters, call });
  }

  /** Called with a list of arguments, or with an object of them by name; null where they do not fit. */
  invoke(given) {
    if (Array.isArray(given)) return given.length === this.parameters.length ? this.call(given) : null;
    const fits = Object.keys(given).length === this.parameters.length && this.parameters.every((name) => Object.hasOwn(given, name));
    return fits ? this.call(this.parameters.map((name) => given[name])) : null;
  }
}

export const isNil = (value) => value === null || value === undefined;
export const isContext = (value) => typeof value === 'object' && value !== null && (Object.getPrototypeOf(value) ?? Object.prototype) === Object.prototype;

const CLASSES = new Map([
  [Day, 'date'], [Time, 'time'], [Moment, 'date and time'], [Seconds, 'days and time duration'],
  [Months, 'years and months duration'], [Range, 'range'], [Array, 'list'],
]);

/** What FEEL calls the kind of a value; null for null. */
export function kindOf(value) {
  if (isNil(value)) return null;
  if (typeof value !== 'object') return typeof value;
  return CLASSES.get(value.constructor) ?? (isContext(value) ? 'context' : 'function');
}

// --- Three-valued logic (§10.3.2.15, table 38)

const truth = (value) => (typeof value === 'boolean' ? value : null);

export function and(a, b) {
  const [one, other] = [truth(a), truth(b)];
  if (one === false || other === false) return false;
  return one === null || other === null ? null : true;
}

export function or(a, b) {
  const [one, other] = [truth(a), truth(b)];
  if (one === true || other === true) return true;
  return one === null || other === null ? null : false;
}

export const not = (value) => (typeof value === 'boolean' ? !value : null);

const holds = (found, wanted) => (found === null ? null : wanted.includes(found));

// --- Order and equality

/** -1, 0 or 1 for two values of one ordered kind; null for all others. */
export function order(a, b) {
  if (typeof a !== typeof b || isNil(a) || isNil(b)) return null;
  if (typeof a === 'number' || typeof a === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === 'object' ? orderOf(a, b) : null;
}

const COMPARED = { '<': [-1], '<=': [-1, 0], '>': [1], '>=': [0, 1] };

export function compare(sign, a, b) {
  if (sign === '=') return equal(a, b);
  return sign === '!=' ? not(equal(a, b)) : holds(order(a, b), COMPARED[sign]);
}

/** Whether two values are equal; null for values of different kinds, false where one alone is null. */
export function equal(a, b) {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return null;
  if (kind === 'list') return a.length === b.length && a.every((item, at) => equal(item, b[at]) === true);
  if (kind === 'context') return equalContexts(a, b);
  if (kind === 'range') {
    return a.startIncluded === b.startIncluded && a.endIncluded === b.endIncluded && sameEnd(a.start, b.start) && sameEnd(a.end, b.end);
  }
  if (kind === 'function' || kind === 'boolean') return a === b;
  const found = order(a, b);
  return found === null ? false : found === 0; // a local time, and one at an offset
}

const sameEnd = (a, b) => (a === undefined) === (b === undefined) && equal(a, b) === true;

function equalContexts(a, b) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]) === true);
}

/** `is` (§10.3.4.6): equal, of one kind, and in the same zone. */
export function isSame(a, b) {
  if (kindOf(a) !== kindOf(b)) return false;
  const temporal = !isNil(a) && (a instanceof Day || a instanceof Time || a instanceof Moment || isDuration(a));
  return temporal ? identical(a, b) : equal(a, b) === true;
}

// --- Writing (§10.3.4.1, string())

const WORD = /^[\p{L}_][\p{L}\p{N}_]*$/u;
const quoted = (text) => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** A number without an exponent, as XML Schema writes decimals. */
function numberText(value) {
  const text = String(value);
  const [, sign, whole, part = '', power] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (power === undefined) return text;
  const digits = whole + part;
  const at = whole.length + +power;
  if (at <= 0) return `${sign}0.${'0'.repeat(-at)}${digits}`;
  return sign + (at >= digits.length ? digits.padEnd(at, '0') : `${digits.slice(0, at)}.${digits.slice(at)}`);
}

/** The value as text; texts `within` others are quoted. */
export function textOf(value, within = false) {
  const kind = kindOf(value);
  if (kind === null) return 'null';
  if (kind === 'string') return within ? quoted(value) : value;
  if (kind === 'number') return numberText(value);
  if (kind === 'list') return `[${value.map((item) => textOf(item, true)).join(', ')}]`;
  if (kind === 'context') {
    return `{${Object.entries(value).map(([name, item]) => `${WORD.test(name) ? name : quoted(name)}: ${textOf(item, true)}`).join(', ')}}`;
  }
  if (kind === 'function') return '<function>';
  return String(value);
}
