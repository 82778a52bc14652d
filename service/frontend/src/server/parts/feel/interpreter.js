// FEEL as DMN 1.5 §10.3 says it: a tree of lezer-feel's becomes a function of a scope, once; what has no value is null.
import { addBuiltin, BUILTINS } from './builtins.js';
import { and, compare, equal, Func, isContext, isNil, kindOf, not, or, order, Range } from './kinds.js';
import { add, divide, multiply, power, subtract } from './numbers.js';
import { childrenOf, errorAt, parse } from './parse.js';
import { entryOf, Scope } from './scope.js';
import * as temporal from './temporal.js';
import { Day, Moment } from './temporal.js';
import { typeTest } from './types.js';

/** A text that is no FEEL; `position` says where. */
class SyntaxProblem extends Error {
  constructor(at) {
    super('This is not FEEL');
    this.position = { from: at };
  }
}

const compiled = new WeakMap();

/** What a text says as a function of a scope, read with the names of the context, or else with the `names` known besides. */
function made(text, context, top, names) {
  let { text: spelled, tree } = parse(text, context, top);
  if (errorAt(tree) !== null && names) ({ text: spelled, tree } = parse(text, { ...context, ...names }, top));
  const wrong = errorAt(tree);
  if (wrong !== null) throw new SyntaxProblem(wrong);
  let found = compiled.get(tree);
  if (found?.text !== spelled) { // two texts may have one tree: range<T> is read as list<T>
    found = { text: spelled, value: compile(tree.topNode, spelled) };
    compiled.set(tree, found);
  }
  return found.value;
}

/** The value of an expression; null where it has none. Throws for what is no FEEL. */
export const evaluate = (text, context, names) => made(text, context, 'Expression', names)(new Scope(context)) ?? null;

/** Whether unary tests hold for `context['?']`: true, false or null. */
export const unaryTest = (text, context, names) => made(text, context, 'UnaryTests', names)(new Scope(context));

// --- Trees to functions

function compile(node, text) {
  const make = NODES[node.name];
  if (!make) throw new Error(`The evaluator does not know ${node.name}.`);
  return make(node, text);
}

const said = (node, text) => text.slice(node.from, node.to);
const nameOf = (node, text) => {
  const parts = childrenOf(node).map((part) => (part.firstChild ? nameOf(part, text) : said(part, text)));
  return parts.length ? parts.join(' ') : said(node, text);
};
const wrapped = (node, text) => compile(node.firstChild, text);
const parts = (node, text, ...wanted) => {
  const children = childrenOf(node);
  return wanted.map((at) => compile(children[at], text));
};

const ESCAPES = { n: '\n', r: '\r', t: '\t' };

function stringOf(literal) {
  return literal.slice(1, -1).replace(/\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{6})|(["'\\nrt]))/g, (_, four, six, sign) => {
    if (sign) return ESCAPES[sign] ?? sign;
    const point = parseInt(four ?? six, 16);
    return four ? String.fromCharCode(point) : point <= 0x10ffff ? String.fromCodePoint(point) : '';
  });
}

const NODES = {
  Expression: wrapped,
  null: () => () => null,
  BooleanLiteral: (node, text) => constant(said(node, text) === 'true'),
  NumericLiteral(node, text) {
    const value = Number(said(node, text).replace(/\s/g, ''));
    return constant(Number.isFinite(value) ? value : null);
  },
  StringLiteral: (node, text) => constant(stringOf(said(node, text))),
  AtLiteral: (node, text) => at(stringOf(said(node.getChild('StringLiteral'), text))),
  ParenthesizedExpression: (node, text) => parts(node, text, 1)[0],
  '?': () => (scope) => scope.find('?') ?? null,
  VariableName: variable,
  SpecialFunctionName: (node, text) => constant(BUILTINS.get(nameOf(node, text)) ?? null),
  DateTimeConstructor: (node, text) => constant(BUILTINS.get(nameOf(node, text)) ?? null),
  DateTimeLiteral: (node, text) => (childrenOf(node).length === 1 ? wrapped(node, text) : invocation(node, text)),
  FunctionInvocation: invocation,
  FunctionDefinition: functionDefinition,
  List(node, text) {
    const items = childrenOf(node).slice(1, -1).map((item) => compile(item, text));
    return (scope) => items.map((item) => item(scope));
  },
  Context: context,
  PathExpression: path,
  FilterExpression: filter,
  ArithmeticExpression: arithmetic,
  Comparison: comparison,
  Conjunction(node, text) {
    const [left, right] = parts(node, text, 0, 2);
    return (scope) => and(left(scope), right(scope));
  },
  Disjunction(node, text) {
    const [left, right] = parts(node, text, 0, 2);
    return (scope) => or(left(scope), right(scope));
  },
  IfExpression(node, text) {
    const [condition, yes, no] = parts(node, text, 1, 3, 5);
    return (scope) => (condition(scope) === true ? yes(scope) : no(scope));
  },
  ForExpression: loop,
  QuantifiedExpression: quantified,
  InstanceOfExpression(node, text) {
    const [value] = parts(node, text, 0);
    const test = typeTest(node.getChild('Type'), text);
    return (scope) => test(value(scope));
  },
  SimplePositiveUnaryTest: rangeLiteral,
  Interval: interval,
  UnaryTests: unaryTests,
};

const constant = (value) => () => value;
const at = (text) => () => temporal.readAny(text); // read each time: it may name a zone that the host has yet to send

function variable(node, text) {
  const name = nameOf(node, text);
  return (scope) => scope.find(name) ?? BUILTINS.get(name) ?? null;
}

// --- Contexts, paths and filters (§10.3.2.5, §10.3.2.6)

function keyOf(node, text) {
  const inner = node.firstChild;
  return inner.name === 'StringLiteral' ? stringOf(said(inner, text)) : said(inner, text).replace(/\s+/g, ' ');
}

function context(node, text) {
  const entries = node.getChildren('ContextEntry').map((entry) => {
    const [key, value] = childrenOf(entry);
    return [keyOf(key, text), compile(value, text)];
  });
  return (scope) => {
    const inner = scope.within();
    const found = entries.map(([name, value]) => {
      const entry = value(inner) ?? null;
      inner.bind(name, entry);
      return [name, entry];
    });
    return new Set(entries.map(([name]) => name)).size < entries.length ? null : Object.fromEntries(found);
  };
}

const RANGE = { start: 'start', end: 'end', 'start included': 'startIncluded', 'end included': 'endIncluded' };

function member(value, name) {
  if (isNil(value) || typeof value !== 'object') return null;
  if (value instanceof Range) return (Object.hasOwn(RANGE, name) ? value[RANGE[name]] : null) ?? null;
  if (isContext(value)) return entryOf(value, name) ?? null;
  return Array.isArray(value) || value instanceof Func ? null : temporal.property(value, name) ?? null;
}

function path(node, text) {
  const [target, property] = childrenOf(node);
  const value = compile(target, text);
  const name = nameOf(property, text);
  return (scope) => {
    const found = value(scope);
    return Array.isArray(found) ? found.map((item) => member(item, name)) : member(found, name);
  };
}

const TRUTHS = new Set(['Comparison', 'Conjunction', 'Disjunction', 'QuantifiedExpression', 'InstanceOfExpression', 'BooleanLiteral', 'SimplePositiveUnaryTest']);

/** A number chooses an item, by its place; any other filter is asked for each of them. */
function filter(node, text) {
  const children = childrenOf(node);
  const [source, match] = parts(node, text, 0, 2);
  const asks = TRUTHS.has(children[2].name);
  return (scope) => {
    const found = source(scope);
    if (isNil(found)) return null;
    const list = Array.isArray(found) ? found : [found];
    const place = asks ? null : match(scope);
    if (typeof place === 'number') return (Number.isInteger(place) && place !== 0 ? list.at(place > 0 ? place - 1 : place) : null) ?? null;
    return place === null || typeof place === 'boolean' ? matching(list, match, scope) : null;
  };
}

function matching(list, match, scope) {
  const kept = [];
  for (const item of list) {
    const inner = scope.within().bind('item', item);
    const held = match(isContext(item) ? inner.within(item) : inner);
    const holds = held instanceof Range ? held.includes(item) : held;
    if (holds === true) kept.push(item);
    else if (holds !== false && !isNil(holds)) return null;
  }
  return kept;
}

// --- Functions (§10.3.2.13.2, §10.3.2.14)

function functionDefinition(node, text) {
  const told = node.getChild('FormalParameters')?.getChildren('FormalParameter') ?? [];
  const names = told.map((parameter) => said(parameter.getChild('ParameterName'), text).replace(/\s+/g, ' '));
  const tests = told.map((parameter) => (parameter.getChild('Type') ? typeTest(parameter.getChild('Type'), text) : () => true));
  if (node.getChild('external')) return constant(new Func(names, () => null));
  const body = compile(node.getChild('FunctionBody').firstChild, text);
  return (scope) => new Func(names, (args) => {
    const inner = scope.within();
    for (const [place, name] of names.entries()) {
      const value = fitting(args[place] ?? null, tests[place]);
      if (value === undefined) return null;
      inner.bind(name, value);
    }
    return body(inner);
  });
}

/** The value as the type wants it: out of a list of one, in one, or a date's midnight (§10.3.2.9.4); undefined when it does not fit. */
function fitting(value, test) {
  if (value === null) return null;
  const ways = [value, [value]];
  if (Array.isArray(value) && value.length === 1) ways.push(value[0]);
  if (value instanceof Day) ways.push(new Moment(value.days, 0, 0));
  return ways.find((way) => test(way) !== false);
}

function parametersOf(node, text) {
  const named = node.getChild('NamedParameters');
  if (named) {
    const given = named.getChildren('NamedParameter').map((parameter) => [
      said(parameter.firstChild, text).replace(/\s+/g, ' '), compile(parameter.lastChild, text),
    ]);
    return (scope) => Object.fromEntries(given.map(([name, value]) => [name, value(scope) ?? null]));
  }
  const values = childrenOf(node.getChild('PositionalParameters')).map((value) => compile(value, text));
  return (scope) => values.map((value) => value(scope) ?? null);
}

function invocation(node, text) {
  const target = node.firstChild;
  const called = compile(target, text);
  const builtin = target.name === 'VariableName' ? BUILTINS.get(nameOf(target, text)) : undefined;
  const parameters = parametersOf(node, text);
  return (scope) => {
    const found = called(scope);
    const callee = found instanceof Func ? found : builtin; // a variable that is named like a function is not called
    return callee ? callee.invoke(parameters(scope)) ?? null : null;
  };
}

// --- Reckoning (§10.3.2.13.1)

const NUMERIC = { '+': add, '-': subtract, '*': multiply, '/': divide, '**': power, '^': power };
const isTemporal = (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !isContext(value) && kindOf(value) !== 'range' && kindOf(value) !== 'function';

function reckon(sign, a, b) {
  if (typeof a === 'number' && typeof b === 'number') return NUMERIC[sign](a, b);
  if (sign === '+' && typeof a === 'string' && typeof b === 'string') return a + b;
  if (sign === '*' && typeof a === 'number' && temporal.isDuration(b)) return temporal.times(b, a);
  if (temporal.isDuration(a) && typeof b === 'number') {
    if (sign === '*') return temporal.times(a, b);
    return sign === '/' && b !== 0 ? temporal.times(a, 1 / b) : null;
  }
  if (!isTemporal(a) || !isTemporal(b)) return null;
  if (sign === '/') return temporal.isDuration(a) && temporal.isDuration(b) ? temporal.ratio(a, b) : null;
  return sign === '+' ? temporal.plus(a, b) : sign === '-' ? temporal.minus(a, b) : null;
}

function arithmetic(node, text) {
  const children = childrenOf(node);
  if (children.length === 2) {
    const value = compile(children[1], text);
    return (scope) => negated(value(scope));
  }
  const sign = said(children[1], text);
  const [left, right] = parts(node, text, 0, 2);
  return (scope) => reckon(sign, left(scope), right(scope));
}

function negated(value) {
  if (typeof value === 'number') return -value || 0;
  return temporal.isDuration(value) ? temporal.negate(value) : null;
}

// --- Comparing, ranges and unary tests (§10.3.2.7, §10.3.2.8, tables 53 and 55)

function comparison(node, text) {
  const children = childrenOf(node);
  const word = said(children[1], text);
  const value = compile(children[0], text);
  if (word === 'between') {
    const [low, high] = parts(node, text, 2, 4);
    return (scope) => {
      const found = value(scope);
      return and(compare('>=', found, low(scope)), compare('<=', found, high(scope)));
    };
  }
  if (word === 'in') {
    const tests = node.getChild('PositiveUnaryTests') ?? node;
    const holds = anyOf(tests.getChildren('PositiveUnaryTest').map((test) => positiveTest(test, text, false)));
    return (scope) => holds(scope, value(scope) ?? null);
  }
  const other = compile(children[2], text);
  return (scope) => compare(word, value(scope), other(scope));
}

function rangeLiteral(node, text) {
  const [first, second] = childrenOf(node);
  if (first.name === 'Interval') return compile(first, text);
  const sign = said(first, text);
  const endpoint = compile(second, text);
  return (scope) => {
    const end = endpoint(scope) ?? null;
    if (sign === '=') return new Range(end, end, true, true, (value) => equal(value, end));
    if (sign === '!=') return new Range(undefined, undefined, false, false, (value) => not(equal(value, end)));
    return sign.startsWith('<') ? new Range(undefined, end, false, sign === '<=') : new Range(end, undefined, sign === '>=', false);
  };
}

function interval(node, text) {
  const children = childrenOf(node);
  const [start, end] = parts(node, text, 1, 2);
  const included = [said(children[0], text) === '[', said(children[3], text) === ']'];
  return (scope) => {
    const ends = [start(scope) ?? null, end(scope) ?? null];
    const mixed = !ends.includes(null) && order(...ends) === null;
    return mixed ? null : new Range(...ends, ...included);
  };
}

const anyOf = (tests) => (scope, value) => tests.reduce((held, test) => (held === true ? true : or(held, test(scope, value))), false);

function unaryTests(node, text) {
  const tests = node.getChild('PositiveUnaryTests');
  if (!tests) return () => true; // the wildcard
  const holds = anyOf(tests.getChildren('PositiveUnaryTest').map((test) => positiveTest(test, text, true)));
  const negates = node.firstChild.name === 'not';
  return (scope) => {
    const held = holds(scope, scope.find('?') ?? null);
    return negates ? not(held) : held;
  };
}

function mentionsInput(node) {
  let found = false;
  node.cursor().iterate((inner) => { if (inner.name === '?') found = true; });
  return found;
}

/** One of the tests in a cell, or behind `in`: a function of the scope and the value. */
function positiveTest(test, text, inCell) {
  const node = test.firstChild;
  const wanted = compile(node, text);
  if (mentionsInput(node)) return (scope, value) => truth(wanted(scope.within().bind('?', value)));
  if (inCell && TRUTHS.has(node.name) && !['BooleanLiteral', 'SimplePositiveUnaryTest'].includes(node.name)) return (scope) => truth(wanted(scope));
  if (inCell && node.name === 'VariableName') {
    const name = nameOf(node, text);
    return (scope, value) => (scope.find(name) === undefined ? null : fits(value, wanted(scope), true)); // else VIP would be null
  }
  return (scope, value) => fits(value, wanted(scope) ?? null, inCell && node.name !== 'BooleanLiteral');
}

const truth = (value) => (typeof value === 'boolean' ? value : null);

const isEqual = (a, b) => equal(a, b) === true; // a value of another kind is not what is wanted: false, as in a list

/** Whether the value is what is wanted, or in it; a condition that holds by itself stands for a test (§10.3.2.8). */
function fits(value, wanted, mayBeCondition) {
  if (wanted instanceof Range) return Array.isArray(value) ? false : wanted.includes(value);
  if (Array.isArray(wanted)) {
    if (Array.isArray(value) && isEqual(value, wanted)) return true;
    return wanted.reduce((held, item) => (held === true ? true : or(held, item instanceof Range ? item.includes(value) : isEqual(value, item))), false);
  }
  if (mayBeCondition && typeof wanted === 'boolean' && typeof value !== 'boolean') return wanted;
  return isEqual(Array.isArray(value) && value.length === 1 ? value[0] : value, wanted);
}

// --- Loops (§10.3.2.13, tables 62 to 65)

function* steps(from, to) {
  const direction = from <= to ? 1 : -1;
  for (let value = from; direction * value <= direction * to; value += direction) yield value;
}

function* days(from, to) {
  for (const day of steps(from.days, to.days)) yield new Day(day);
}

/** What is gone through from one value to another; null for kinds that have no next one. */
function between(from, to) {
  if (Number.isInteger(from) && Number.isInteger(to)) return steps(from, to);
  return from instanceof Day && to instanceof Day ? days(from, to) : null;
}

function items(value) {
  if (Array.isArray(value)) return value;
  if (!(value instanceof Range)) return isNil(value) ? null : [value];
  const [from, to] = [value.start, value.end].map((end) => end ?? null);
  if (order(from, to) === 1) return [];
  const all = between(from, to);
  return all && [...all].filter((item) => value.includes(item));
}

function iterationOf(node, text) {
  const name = said(node.getChild('Name'), text).replace(/\s+/g, ' ');
  const [from, to] = childrenOf(node.getChild('IterationContext')).map((part) => compile(part, text));
  return { name, source: to ? (scope) => between(from(scope), to(scope)) : (scope) => items(from(scope)) };
}

/** Calls `each` with a scope for every combination, the first name slowest; false when one of the sources is none. */
function iterate(sources, scope, each, at = 0) {
  if (at === sources.length) return each(scope) !== STOP;
  const found = sources[at].source(scope);
  if (found === null) return null;
  for (const item of found) {
    const done = iterate(sources, scope.within().bind(sources[at].name, item), each, at + 1);
    if (done !== true) return done;
  }
  return true;
}

const STOP = Symbol('stop');
const sourcesOf = (node, text) => node.getChild('InExpressions').getChildren('InExpression').map((part) => iterationOf(part, text));

function loop(node, text) {
  const sources = sourcesOf(node, text);
  const body = compile(node.lastChild, text);
  const looksBack = said(node.lastChild, text).includes('partial');
  return (scope) => {
    const results = [];
    const done = iterate(sources, scope, (inner) => {
      results.push(body(looksBack ? inner.within().bind('partial', [...results]) : inner) ?? null);
    });
    return done === null ? null : results;
  };
}

function quantified(node, text) {
  const sources = sourcesOf(node, text);
  const [join, settles] = said(node.firstChild, text) === 'some' ? [or, true] : [and, false];
  const condition = compile(node.lastChild, text);
  return (scope) => {
    let held = !settles;
    const done = iterate(sources, scope, (inner) => {
      held = join(held, condition(inner));
      return held === settles ? STOP : undefined;
    });
    return done === null ? null : held;
  };
}

// --- range() (§10.3.4.1): its text holds literals, and may leave one end out

const RANGE_TEXT = /^\s*([[\](])\s*(.*?)\s*\.\.\s*(.*?)\s*([\])[])\s*$/s;
const NUMBER = /^-?(\d+(\.\d+)?|\.\d+)$/;
const LITERAL = /^(?:@"[^"]*"|"(?:[^"\\]|\\.)*"|(?:date|time|duration|date\s+and\s+time)\s*\(\s*"[^"]*"\s*\))$/;

/** The value of a literal; undefined for none, null for what is no literal. */
function endpoint(text) {
  if (text === '') return undefined;
  return NUMBER.test(text) || LITERAL.test(text) ? evaluate(text, {}) : null;
}

addBuiltin('range', 'from:string', (text) => {
  const [, opening, first, second, closing] = RANGE_TEXT.exec(text) ?? [];
  if (opening === undefined) return null;
  const ends = [endpoint(first), endpoint(second)];
  const included = [opening === '[', closing === ']'];
  if (ends.includes(null) || ends.every(isNil) || ends.some((end, place) => end === undefined && included[place])) return null;
  const ordered = ends.includes(undefined) || [-1, 0].includes(order(...ends));
  return ordered ? new Range(...ends, ...included) : null;
});
