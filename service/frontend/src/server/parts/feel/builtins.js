// The built-in functions of FEEL (DMN 1.5 §10.3.4). A call that fits no signature, in number, names or types, is null.
//
// A signature is `name:type` for each parameter: `?` behind the name says that it may be left out, behind the type that
// it may be null; `...` before the name that it takes all that follow. A type may list others, as `string|day`.
import { EXTENSIONS } from './extensions.js';
import { and, equal, Func, isContext, isNil, isSame, not, or, order, textOf } from './kinds.js';
import * as numbers from './numbers.js';
import { found, pieces, replaced } from './patterns.js';
import { RELATIONS } from './ranges.js';
import * as temporal from './temporal.js';
import { Day, Moment, Months, Seconds, Time } from './temporal.js';

// --- Types, and the implicit conversions to them (§10.3.2.9.4)

const MISFIT = Symbol('misfit');
const isDay = (value) => value instanceof Day || value instanceof Moment;

const TYPES = {
  any: () => true,
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  list: Array.isArray,
  context: isContext,
  function: (value) => value instanceof Func,
  day: isDay,
  date: (value) => value instanceof Day,
  moment: (value) => value instanceof Moment,
  time: (value) => value instanceof Time,
  seconds: (value) => value instanceof Seconds,
  months: (value) => value instanceof Months,
};

function fit(value, { types, nullable }) {
  if (isNil(value)) return nullable || types.includes('any') ? null : MISFIT;
  if (types.some((type) => TYPES[type](value))) return value;
  if (types.includes('list')) return [value];
  const single = Array.isArray(value) && value.length === 1 ? value[0] : null;
  return single !== null && types.some((type) => TYPES[type](single)) ? single : MISFIT;
}

function parameterOf(text) {
  const [, rest, name, optional, types, nullable] = /^(\.\.\.)?(.+?)(\?)?:([\w|]+)(\?)?$/.exec(text);
  return { rest: Boolean(rest), name, optional: Boolean(optional), types: types.split('|'), nullable: Boolean(nullable) };
}

class Signature {
  constructor(text, call) {
    this.parameters = text ? text.split(', ').map(parameterOf) : [];
    this.call = call;
    this.least = this.parameters.filter(({ optional, rest }) => !optional && !rest).length;
    this.rest = this.parameters.at(-1)?.rest ?? false;
  }

  /** The arguments in order when they are as many as this takes; those by name when it knows all names. */
  arranged(given) {
    if (Array.isArray(given)) return given.length >= this.least && (this.rest || given.length <= this.parameters.length) ? given : null;
    if (!Object.keys(given).every((key) => this.parameters.some(({ name }) => name === key))) return null;
    if (!this.parameters.every(({ name, optional }) => optional || Object.hasOwn(given, name))) return null;
    const last = this.parameters.findLastIndex(({ name }) => Object.hasOwn(given, name));
    return this.parameters.slice(0, last + 1).flatMap(({ name, rest }) => (rest && Array.isArray(given[name]) ? given[name] : [given[name]]));
  }

  /** The value; MISFIT when an argument is of another type. */
  value(given) {
    const args = this.arranged(given);
    if (!args) return MISFIT;
    const fitted = [];
    for (const [at, value] of args.entries()) {
      const parameter = this.parameters[Math.min(at, this.parameters.length - 1)];
      const left = value === undefined && parameter.optional;
      fitted.push(left ? undefined : fit(value ?? null, parameter));
      if (fitted[at] === MISFIT) return MISFIT;
    }
    return this.call(...fitted) ?? null;
  }
}

/** A built-in function: the first of its signatures that the arguments fit. */
class Builtin extends Func {
  constructor(name, signatures) {
    super(signatures[0].parameters.map((parameter) => parameter.name), (args) => this.invoke(args));
    Object.assign(this, { name, signatures });
  }

  invoke(given) {
    for (const signature of this.signatures) {
      const value = signature.value(given);
      if (value !== MISFIT) return value;
    }
    return null;
  }
}

// --- Conversion (§10.3.4.1)

const CONVERSION = {
  date: [
    'from:string', (text) => temporal.readDate(text) ?? temporal.readMoment(text)?.date,
    'from:day', temporal.dayOf,
    'year:number, month:number, day:number', temporal.makeDate,
  ],
  'date and time': [
    'from:string', temporal.readMoment,
    'from:moment', (moment) => moment,
    'from:date', (date) => new Moment(date.days, 0, 0),
    'date:day, time:time', (day, time) => temporal.joined(temporal.dayOf(day), time),
  ],
  time: [
    'from:string', temporal.readTime,
    'from:time', (time) => time,
    'from:moment', ({ seconds, offset, zone }) => new Time(seconds, offset, zone),
    'from:date', () => new Time(0, 0),
    'hour:number, minute:number, second:number, offset?:seconds?', (hour, minute, second, offset) => temporal.makeTime(hour, minute, second, offset?.seconds ?? null),
  ],
  number: [
    'from:string, grouping separator?:string?, decimal separator?:string?',
    (text, group = null, point = null) => numbers.readNumber(text, group, point),
  ],
  string: ['from:any', (value) => (isNil(value) ? null : textOf(value))],
  duration: ['from:string', temporal.readDuration],
  'years and months duration': ['from:day, to:day', temporal.monthsBetween],
};

// --- Texts (§10.3.4.3)

function substring(text, start, length) {
  if (!Number.isInteger(start) || start === 0 || (length !== undefined && !(length >= 1))) return null;
  const signs = Array.from(text);
  const first = start < 0 ? signs.length + start : start - 1;
  if (first < 0) return null;
  return signs.slice(first, length === undefined ? undefined : first + Math.floor(length)).join('');
}

const part = (cut) => (text, match) => {
  const at = text.indexOf(match);
  return at < 0 ? '' : cut(text, at, match);
};

const STRINGS = {
  substring: ['string:string, start position:number, length?:number', substring],
  'string length': ['string:string', (text) => Array.from(text).length],
  'upper case': ['string:string', (text) => text.toUpperCase()],
  'lower case': ['string:string', (text) => text.toLowerCase()],
  'substring before': ['string:string, match:string', part((text, at) => text.slice(0, at))],
  'substring after': ['string:string, match:string', part((text, at, match) => text.slice(at + match.length))],
  replace: ['input:string, pattern:string, replacement:string, flags?:string?', (text, pattern, replacement, flags) => replaced(text, pattern, replacement, flags ?? '')],
  contains: ['string:string, match:string', (text, match) => text.includes(match)],
  'starts with': ['string:string, match:string', (text, match) => text.startsWith(match)],
  'ends with': ['string:string, match:string', (text, match) => text.endsWith(match)],
  matches: ['input:string, pattern:string, flags?:string?', (text, pattern, flags) => found(text, pattern, flags ?? '')],
  split: ['string:string, delimiter:string', pieces],
  'string join': ['list:list, delimiter?:string?', (list, delimiter) => {
    const texts = list.filter((item) => !isNil(item));
    return texts.every((text) => typeof text === 'string') ? texts.join(delimiter ?? '') : null;
  }],
};

// --- Lists (§10.3.4.4)

const has = (list, item) => list.some((other) => equal(other, item) === true);
const isPlain = (value) => isNil(value) || typeof value !== 'object'; // equal only when they are the same

function distinct(list) {
  const [plain, others, kept] = [new Set(), [], []];
  for (const item of list.map((value) => value ?? null)) {
    if (isPlain(item) ? plain.has(item) : has(others, item)) continue;
    if (isPlain(item)) plain.add(item);
    else others.push(item);
    kept.push(item);
  }
  return kept;
}

const flat = (list) => list.flatMap((item) => (Array.isArray(item) ? flat(item) : [item]));

/** Where a position in a list or text is, counted from 0, backwards for negative ones; null where there is none. */
function placeOf(list, position, beyond = 0) {
  const at = position < 0 ? list.length + position : position - 1;
  return Number.isInteger(at) && position !== 0 && at >= 0 && at < list.length + beyond ? at : null;
}

const at = (list, position, change, beyond = 0) => {
  const place = placeOf(list, position, beyond);
  return place === null ? null : change(place);
};

function sublist(list, start, length) {
  if (length !== undefined && !(Number.isInteger(length) && length >= 1)) return null;
  return at(list, start, (place) => {
    if (length !== undefined && place + length > list.length) return null;
    return list.slice(place, length === undefined ? undefined : place + length);
  });
}

/** The largest or smallest, of any ordered kind; null when they cannot be compared. */
const extreme = (sign) => (list) => {
  if (!list.length) return null;
  let best = list[0];
  for (const item of list) {
    const compared = order(item, best);
    if (compared === null) return null;
    if (compared === sign) best = item;
  }
  return best;
};

const ofNumbers = (call) => (list) => (list.length && list.every((item) => typeof item === 'number') ? call(list) : null);

/** A function that takes one list, or the items as arguments. */
const aggregate = (call) => ['list:list', call, '...list:any', (...list) => (list.length ? call(list) : null)];

function sum(list) {
  if (!list.length) return null;
  if (list.every((item) => typeof item === 'number')) return numbers.sum(list);
  if (!list.every((item) => temporal.isDuration(item))) return null;
  return list.reduce((total, item) => total && temporal.plus(total, item));
}

function mean(list) {
  const total = sum(list);
  return temporal.isDuration(total) ? temporal.times(total, 1 / list.length) : total === null ? null : numbers.divide(total, list.length);
}

function replaceItems(list, match, item) {
  return list.map((old) => (match.invoke([old, item]) === true ? item : old));
}

const LISTS = {
  'list contains': ['list:list, element:any', has],
  count: ['list:list', (list) => list.length],
  min: aggregate(extreme(-1)),
  max: aggregate(extreme(1)),
  sum: aggregate(sum),
  mean: aggregate(mean),
  all: aggregate((list) => list.reduce(and, true)),
  any: aggregate((list) => list.reduce(or, false)),
  sublist: ['list:list, start position:number, length?:number', sublist],
  append: ['list:list, ...item:any', (list, ...items) => [...list, ...items]],
  concatenate: ['...list:list', (...lists) => lists.flat()],
  'insert before': ['list:list, position:number, newItem:any', (list, position, item) => at(list, position, (place) => list.toSpliced(place, 0, item))],
  remove: ['list:list, position:number', (list, position) => at(list, position, (place) => list.toSpliced(place, 1))],
  'list replace': [
    'list:list, position:number, newItem:any', (list, position, item) => at(list, position, (place) => list.with(place, item)),
    'list:list, match:function, newItem:any', replaceItems,
  ],
  reverse: ['list:list', (list) => list.toReversed()],
  'index of': ['list:list, match:any', (list, match) => list.flatMap((item, index) => (equal(item, match) === true ? [index + 1] : []))],
  union: ['...list:list', (...lists) => distinct(lists.flat())],
  'distinct values': ['list:list', distinct],
  flatten: ['list:list', flat],
  product: aggregate(ofNumbers(numbers.product)),
  median: aggregate(ofNumbers(numbers.median)),
  stddev: aggregate(ofNumbers(numbers.deviation)),
  mode: aggregate((list) => (list.length ? ofNumbers(numbers.mode)(list) : [])),
};

// --- Numbers (§10.3.4.5)

const scaled = (round) => ['n:number, scale:number', round];
const optional = (round) => ['n:number, scale?:number', (n, scale = 0) => round(n, scale)];
const ofNumber = (call) => ['number:number', (number) => {
  const value = call(number);
  return Number.isNaN(value) || value === Infinity || value === -Infinity ? null : value;
}];

const NUMBERS = {
  decimal: scaled(numbers.rounding('roundHalfEven')),
  floor: optional(numbers.rounding('roundDown', 'roundUp')),
  ceiling: optional(numbers.rounding('roundUp', 'roundDown')),
  'round up': scaled(numbers.rounding('roundUp')),
  'round down': scaled(numbers.rounding('roundDown')),
  'round half up': scaled(numbers.rounding('roundHalfUp')),
  'round half down': scaled(numbers.roundingHalfDown),
  abs: [
    'n:number', Math.abs,
    'n:seconds', (n) => (n.seconds < 0 ? temporal.negate(n) : n),
    'n:months', (n) => (n.months < 0 ? temporal.negate(n) : n),
  ],
  modulo: ['dividend:number, divisor:number', numbers.modulo],
  sqrt: ofNumber(Math.sqrt),
  log: ofNumber((number) => (number > 0 ? Math.log(number) : NaN)),
  exp: ofNumber(Math.exp),
  odd: ['number:number', (number) => Math.abs(number) % 2 === 1],
  even: ['number:number', (number) => Math.abs(number) % 2 === 0],
};

// --- Contexts (§10.3.4.11)

const fromEntries = (entries) => Object.fromEntries(entries); // no entry of ours sets a prototype

function contextOf(entries) {
  const pairs = entries.map((entry) => (isContext(entry) && typeof entry.key === 'string' && Object.hasOwn(entry, 'value') ? [entry.key, entry.value] : null));
  if (pairs.includes(null) || new Set(pairs.map(([key]) => key)).size < pairs.length) return null;
  return fromEntries(pairs);
}

function putInto(context, [key, ...deeper], value) {
  if (typeof key !== 'string' || !isContext(context)) return null;
  const put = deeper.length ? putInto(Object.hasOwn(context, key) ? context[key] : null, deeper, value) : value;
  return deeper.length && put === null ? null : fromEntries([...Object.entries(context).filter(([name]) => name !== key), [key, put]]);
}

function valueAt(context, keys) {
  const reach = (held, key) => (isContext(held) && typeof key === 'string' && Object.hasOwn(held, key) ? held[key] : null);
  return keys.length ? keys.reduce(reach, context) : null;
}

const CONTEXTS = {
  'get value': ['m:context, key:string', (context, key) => valueAt(context, [key]), 'context:context, keys:list', valueAt],
  'get entries': ['m:context', (context) => Object.entries(context).map(([key, value]) => ({ key, value }))],
  context: ['entries:list', contextOf],
  'context put': [
    'context:context, key:string, value:any', (context, key, value) => putInto(context, [key], value),
    'context:context, keys:list, value:any', (context, keys, value) => (keys.length ? putInto(context, keys, value) : null),
  ],
  'context merge': ['contexts:list', (contexts) => (contexts.every(isContext) ? fromEntries(contexts.flatMap(Object.entries)) : null)],
};

// --- Dates (§10.3.4.6, §10.3.4.8), ranges (§10.3.4.9), and the rest

const NAMED = {
  before: ['point1', 'point2'], after: ['point1', 'point2'], coincides: ['point1', 'point2'],
  meets: ['range1', 'range2'], 'met by': ['range1', 'range2'], overlaps: ['range1', 'range2'],
  'overlaps before': ['range1', 'range2'], 'overlaps after': ['range1', 'range2'],
  finishes: ['point', 'range'], during: ['point', 'range'], starts: ['point', 'range'],
  'finished by': ['range', 'point'], includes: ['range', 'point'], 'started by': ['range', 'point'],
};
const ALIASES = { point: ['value', 'range1', 'range2', 'point or range'], point1: ['range1', 'range', 'a'], point2: ['range2', 'range', 'point', 'b'] };

/** A relation under each of the names that its parameters have in table 78. */
function related(name) {
  const [first, second] = NAMED[name];
  const names = (one) => [one, ...(ALIASES[one] ?? [])];
  const pairs = names(first).flatMap((one) => names(second).map((other) => [one, other])).filter(([one, other]) => one !== other);
  return pairs.flatMap(([one, other]) => [`${one}:any, ${other}:any`, RELATIONS[name]]);
}

const ofDay = (call) => ['date:day', (day) => call(temporal.dayOf(day))];

const OTHERS = {
  not: ['negand:any', not],
  is: ['value1:any, value2:any', isSame],
  'day of year': ofDay(temporal.dayOfYear),
  'day of week': ofDay(temporal.dayName),
  'month of year': ofDay(temporal.monthName),
  'week of year': ofDay(temporal.weekOfYear),
  sort: ['list:list, precedes:function', (list, precedes) => sorted(list, precedes)],
  now: ['', () => temporal.nowAt(clock())],
  today: ['', () => temporal.nowAt(clock()).date],
  ...Object.fromEntries(Object.keys(RELATIONS).map((name) => [name, related(name)])),
};

/** Stable: only what is said to precede goes first. */
const sorted = (list, precedes) => [...list].sort((a, b) => (precedes.invoke([a, b]) === true ? -1 : precedes.invoke([b, a]) === true ? 1 : 0));

let clock = () => Date.now();

/** Who says what time it is, in milliseconds. */
export function setClock(tell) {
  clock = tell;
}

const TABLE = { ...CONVERSION, ...STRINGS, ...LISTS, ...NUMBERS, ...CONTEXTS, ...OTHERS, ...EXTENSIONS };

/** Every function that has a name of its own, by that name. */
export const BUILTINS = new Map(Object.entries(TABLE).map(([name, told]) => {
  const signatures = [];
  for (let index = 0; index < told.length; index += 2) signatures.push(new Signature(told[index], told[index + 1]));
  return [name, new Builtin(name, signatures)];
}));

/** A function that the interpreter adds, for it needs the interpreter. */
export function addBuiltin(name, text, call) {
  BUILTINS.set(name, new Builtin(name, [new Signature(text, call)]));
}
