// DMN 1.5 decisions: the requirements graph, boxed expressions and decision tables (§6 to §8, §10.2), over FEEL (feel/).
//
// A model is what engine/decisions/parser.py makes of the XML: {nodes: {id: node}, types: {name: type}}, each node one of
// input, decision, bkm, service; each expression {kind, …}. Values here are FEEL's own, so functions and dates pass
// from decision to decision as they are; only what leaves (`decide`) becomes JSON.
import { evaluate, unaryTest } from './feel/interpreter.js';
import { BUILTINS } from './feel/builtins.js';
import { and, equal, Func, isContext, isNil, or } from './feel/kinds.js';
import { isLimit } from './limits.js';
import { convert } from './types.js';
import { encode } from './values.js';

const MAX_DEPTH = 64;

/** What stops a decision, with where it happened. The message is for people. */
class Undecided extends Error {}

const same = (a, b) => equal(a, b) === true;

// --- FEEL

let names = null; // of the model that is evaluated, when some are no words: what a text names may have no value

const TEXT = /^"([^"\\]*)"$/;
const NUMBER = /^-?\d+(\.\d+)?$/;
const NAME = /^[A-Za-z_]\w*$/;
const WORDS = { true: true, false: false, null: null };

/** The value of the commonest expressions: a text, a number, a truth value, a variable; undefined for all others. */
function simple(text, scope) {
  const quoted = TEXT.exec(text);
  if (quoted) return quoted[1];
  if (NUMBER.test(text)) return Number(text);
  if (Object.hasOwn(WORDS, text)) return WORDS[text];
  return NAME.test(text) && Object.hasOwn(scope, text) ? scope[text] : undefined;
}

function feel(text, scope, what) {
  const quick = simple(text, scope);
  if (quick !== undefined) return quick;
  try {
    return evaluate(text, scope, names);
  } catch (error) {
    if (isLimit(error)) throw error;
    throw new Undecided(`${what}: ${error.message}`);
  }
}

const LITERALS = /^\s*"[^"\\]*"(\s*,\s*"[^"\\]*")*\s*$/;
const COMPARISON = /^\s*(<=|>=|<|>)?\s*(-?\d+(?:\.\d+)?)\s*$/;
const TESTS = { '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b };
const cells = new Map();

/** A function of the value for the commonest cells, texts and numbers; null for all others, which the interpreter decides. */
function simpleCell(text) {
  if (LITERALS.test(text)) {
    const known = text.match(/"[^"]*"/g).map((literal) => literal.slice(1, -1));
    return (value) => (typeof value === 'string' ? known.includes(value) : value === null ? false : undefined);
  }
  const [, sign, digits] = COMPARISON.exec(text) ?? [];
  if (digits === undefined) return null;
  const holds = TESTS[sign] ?? ((a, b) => a === b);
  return (value) => (typeof value === 'number' ? holds(value, +digits) : undefined);
}

function test(text, value, scope, what) {
  if (text === '' || text === '-') return true;
  if (!cells.has(text)) {
    if (cells.size > 5000) cells.clear();
    cells.set(text, simpleCell(text));
  }
  const quick = cells.get(text)?.(value);
  if (quick !== undefined) return quick;
  const inner = { ...scope, '?': value };
  try {
    return unaryTest(text, inner, names) === true;
  } catch (error) {
    if (isLimit(error)) throw error;
    throw new Undecided(`${what}: ${error.message}`);
  }
}

function invoke(found, named, what) {
  if (!(found instanceof Func)) throw new Undecided(`${what}: there is no such function`);
  if (found.signatures) return found.invoke(named); // one of FEEL's own, which has parameters that may be left out
  for (const name of Object.keys(named)) {
    if (!found.parameters.includes(name)) throw new Undecided(`${what}: the function has no parameter “${name}”`);
  }
  return found.call(found.parameters.map((name) => named[name] ?? null)) ?? null;
}

// --- Boxed expressions (§10.2)

function boxed(expression, scope, run, what) {
  if (!expression) return null;
  run.depth += 1;
  if (run.depth > MAX_DEPTH) throw new Undecided(`${what}: expressions are nested deeper than ${MAX_DEPTH} levels`);
  const value = BOXED[expression.kind](expression, scope, run, what);
  run.depth -= 1;
  return value;
}

const BOXED = {
  literal: ({ text, type }, scope, run, what) => convert(feel(text, scope, what), type, run.model.types),
  table: (table, scope, run, what) => decisionTable(table, scope, run, what),
  context({ entries }, scope, run, what) {
    const result = {};
    let inner = scope;
    for (const { name, type, value } of entries) {
      const found = convert(boxed(value, inner, run, name ? `${what}, entry “${name}”` : what), type, run.model.types);
      if (!name) return found;
      result[name] = found;
      inner = { ...inner, [name]: found };
    }
    return result;
  },
  relation: ({ columns, rows }, scope, run, what) => rows.map((row) => Object.fromEntries(
    columns.map((name, index) => [name, boxed(row[index], scope, run, `${what}, column “${name}”`)]),
  )),
  list: ({ items }, scope, run, what) => items.map((item) => boxed(item, scope, run, what)),
  function: ({ parameters, body }, scope, run, what) => functionOf(parameters, body, scope, run, what),
  invocation({ called, bindings }, scope, run, what) {
    const named = Object.fromEntries(bindings.map(({ name, value }) => [name, boxed(value, scope, run, `${what}, parameter “${name}”`)]));
    return invoke(boxed(called, scope, run, what), named, what);
  },
  conditional: ({ condition, yes, no }, scope, run, what) => boxed(boxed(condition, scope, run, what) === true ? yes : no, scope, run, what),
  filter({ source, match }, scope, run, what) {
    const items = listOf(boxed(source, scope, run, what));
    return items.filter((item) => boxed(match, { ...scope, item, ...(isContext(item) ? item : {}) }, run, what) === true);
  },
  for: ({ variable, source, body }, scope, run, what) => {
    const results = [];
    for (const item of listOf(boxed(source, scope, run, what))) {
      results.push(boxed(body, { ...scope, partial: [...results], [variable]: item }, run, what));
    }
    return results;
  },
  every: (expression, scope, run, what) => satisfied(expression, scope, run, what).reduce(and, true),
  some: (expression, scope, run, what) => satisfied(expression, scope, run, what).reduce(or, false),
};

const listOf = (value) => (Array.isArray(value) ? value : isNil(value) ? [] : [value]);
const satisfied = ({ variable, source, body }, scope, run, what) => listOf(boxed(source, scope, run, what))
  .map((item) => boxed(body, { ...scope, [variable]: item }, run, what));

function functionOf(parameters, body, scope, run, what) {
  return new Func(parameters.map(({ name }) => name), (args) => {
    const given = Object.fromEntries(parameters.map(({ name, type }, index) => [name, convert(args[index] ?? null, type, run.model.types)]));
    return boxed(body, { ...scope, ...given }, run, what);
  });
}

// --- Decision tables (§8)

function decisionTable(table, scope, run, what) {
  const inputs = table.inputs.map((input) => tableInput(input, scope, run, what));
  const hits = [];
  for (const [index, rule] of table.rules.entries()) {
    const place = `${what}, rule ${index + 1}`;
    if (!rule.inputs.every((text, column) => test(text, inputs[column].value, scope, place))) continue;
    hits.push({ rule: index + 1, id: rule.id, outputs: outputsOf(table, rule, scope, run, place) });
    if (table.policy === 'FIRST') break;
  }
  const value = VALUE[table.policy](table, hits, what);
  if (run.current) Object.assign(run.current, { inputs, hits });
  return value;
}

function tableInput({ label, text, type, allowed }, scope, run, what) {
  const place = `${what}, input “${label}”`;
  const value = convert(text ? feel(text, scope, place) : null, type, run.model.types);
  if (allowed && value !== null && !listOf(value).every((item) => test(allowed, item, scope, place))) {
    throw new Undecided(`${place}: ${shown(value)} is not one of the allowed values ${allowed}`);
  }
  return { name: label, value };
}

function outputsOf(table, rule, scope, run, what) {
  return table.outputs.map(({ name, type, allowed }, column) => {
    const text = rule.outputs[column];
    const value = text === '' || text === '-' ? null : convert(feel(text, scope, what), type, run.model.types);
    if (allowed.length && value !== null && !listOf(value).every((item) => allowed.some((option) => test(option, item, scope, what)))) {
      throw new Undecided(`${what}: ${shown(value)} is not one of the allowed values of “${name}”`);
    }
    return value;
  });
}

const shown = (value) => JSON.stringify(encode(value)).slice(0, 100);
const entryOf = ({ outputs }, values) => (outputs.length === 1 ? values[0] : Object.fromEntries(outputs.map(({ name }, column) => [name, values[column]])));

function fallback(table, what) {
  if (table.outputs.every((output) => output.fallback === null)) return null;
  return entryOf(table, table.outputs.map(({ fallback: text }) => (text === null ? null : feel(text, {}, `${what}, default output`))));
}

/** Where a value stands among the output values of its column: the first is the most important (§8.2.10). */
function rank(table, values) {
  return table.outputs.map(({ allowed }, column) => {
    const at = allowed.findIndex((option) => test(option, values[column], {}, 'output values'));
    return at < 0 ? allowed.length : at;
  });
}

function ranked(table, hits) {
  const keyed = hits.map((hit) => [rank(table, hit.outputs), hit]);
  const compare = ([a], [b]) => a.reduce((order, place, column) => order || place - b[column], 0);
  return keyed.sort(compare).map(([, hit]) => hit);
}

const single = (choose) => (table, hits, what) => (hits.length ? entryOf(table, choose(table, hits, what).outputs) : fallback(table, what));

const listed = (order) => (table, hits, what) => {
  if (hits.length === 0) return fallback(table, what) ?? [];
  return order(table, hits).map((hit) => entryOf(table, hit.outputs));
};

const AGGREGATE = {
  SUM: (values) => (values.every((value) => typeof value === 'string') ? values.join('') : BUILTINS.get('sum').invoke([values])),
  MIN: (values) => BUILTINS.get('min').invoke([values]),
  MAX: (values) => BUILTINS.get('max').invoke([values]),
  COUNT: (values) => values.length,
};

function collected(table, hits, what) {
  if (!table.aggregation) return listed((_, all) => all)(table, hits, what);
  if (hits.length === 0) return table.aggregation === 'COUNT' ? 0 : fallback(table, what);
  return entryOf(table, table.outputs.map((_, column) => {
    const value = AGGREGATE[table.aggregation](hits.map((hit) => hit.outputs[column]));
    if (value === null) throw new Undecided(`${what}: ${table.aggregation} needs a number from each rule that fits`);
    return value;
  }));
}

const rules = (hits) => hits.map(({ rule }) => rule).join(', ');

const VALUE = {
  UNIQUE: single((_, hits, what) => {
    if (hits.length > 1) throw new Undecided(`${what}: rules ${rules(hits)} fit, and only one may (hit policy UNIQUE)`);
    return hits[0];
  }),
  FIRST: single((_, hits) => hits[0]),
  ANY: single((_, hits, what) => {
    if (!hits.every((hit) => same(hit.outputs, hits[0].outputs))) {
      throw new Undecided(`${what}: rules ${rules(hits)} fit and say different things (hit policy ANY)`);
    }
    return hits[0];
  }),
  PRIORITY: single((table, hits) => ranked(table, hits)[0]),
  COLLECT: collected,
  'RULE ORDER': listed((_, hits) => hits),
  'OUTPUT ORDER': listed(ranked),
};

// --- The requirements graph (§6)

/** Everything that `node` requires, by name, over the scope; decisions are evaluated once each. */
function required(node, run) {
  const scope = { ...run.given };
  for (const { node: key, under } of node.requires) {
    const needed = run.model.nodes[key];
    const value = valueOf(needed, run);
    if (under) scope[under] = { ...scope[under], [needed.variable]: value };
    else scope[needed.variable] = value;
    if (needed.kind === 'decision' && !(needed.id in run.given)) scope[needed.id] = value; // as Camunda names it
  }
  return scope;
}

function valueOf(node, run) {
  if (node.kind === 'input') return inputOf(node, run);
  if (node.kind === 'decision') return decisionOf(node, run);
  if (node.kind === 'bkm') return knowledgeOf(node, run);
  return serviceOf(node, run);
}

/** A business knowledge model is a function. What it requires is looked up when it is called, for it may call itself. */
function knowledgeOf(node, run) {
  const inner = { ...run, current: null };
  let scope = null;
  return new Func(node.parameters.map(({ name }) => name), (args) => {
    if (!node.body) throw new Undecided(`“${node.name}”: the business knowledge model has no logic`);
    scope ??= required(node, run);
    return functionOf(node.parameters, node.body, scope, inner, `“${node.name}”`).call(args);
  });
}

function inputOf(node, run) {
  if (!Object.hasOwn(run.given, node.variable)) return null;
  const value = convert(run.given[node.variable], node.type, run.model.types);
  const { allowed } = run.model.types[node.type] ?? {};
  if (allowed && value !== null && !listOf(value).every((item) => test(allowed, item, {}, node.name))) {
    throw new Undecided(`“${node.name}”: ${shown(value)} is not one of the allowed values ${allowed}`);
  }
  return value;
}

function decisionOf(node, run) {
  if (run.done.has(node)) return run.done.get(node);
  const scope = required(node, run);
  if (!node.body) throw new Undecided(`“${node.name}”: the decision has no logic`);
  const record = { decision: node.id, name: node.name, inputs: [], hits: [], outputs: null };
  const value = convert(boxed(node.body, scope, { ...run, current: record, depth: 0 }, `“${node.name}”`), node.type, run.model.types);
  run.done.set(node, value);
  record.outputs = value;
  run.trace.push(record);
  return value;
}

/** A decision service is a function of its input decisions and input data (§10.4). */
function serviceOf(node, run) {
  const inputs = node.inputs.map((id) => run.model.nodes[id]);
  return new Func(inputs.map(({ variable }) => variable), (args) => {
    const given = Object.fromEntries(inputs.map(({ variable }, index) => [variable, args[index] ?? null]));
    return serviceValue(node, { ...run, given: { ...run.given, ...given } });
  });
}

/** Its input decisions are given, and not made here. */
function serviceValue(node, outer) {
  const decided = node.inputs.map((id) => outer.model.nodes[id]).filter(({ kind }) => kind === 'decision');
  const run = { ...outer, done: new Map(decided.map((input) => [input, outer.given[input.variable] ?? null])) };
  const outputs = node.outputs.map((id) => run.model.nodes[id]);
  if (outputs.length === 1) return valueOf(outputs[0], run);
  return Object.fromEntries(outputs.map((output) => [output.variable, valueOf(output, run)]));
}

/** The value of the decision or decision service `id`, and what was decided on the way, as JSON values. */
export function decide(model, id, given) {
  const run = { model, given, done: new Map(), trace: [], current: null, depth: 0 };
  names = Object.keys(model.names).length ? model.names : null;
  try {
    const node = model.nodes[id];
    const value = node.kind === 'service' ? serviceValue(node, run) : valueOf(node, run);
    return { value: encode(value), trace: run.trace.map(encode) };
  } catch (error) {
    if (error instanceof Undecided) return { undecided: error.message, trace: run.trace.map(encode) };
    throw error;
  } finally {
    names = null;
  }
}
