// FEEL for the service: the evaluator that form-js and dmn-js run in the browser, feelin, run here by quickjs.
//
// Values cross as JSON, with marks for what JSON lacks (parts/values.js); the host says with `dated` whether its JSON
// holds any. Every function answers {"value"} or {"error"}.
import { localOffset, setLocal, setZone } from './parts/intl.js';
import { evaluate as plainEvaluate, parseExpression, parseUnaryTests } from '@bpmn-io/feelin';
import { normalizeContextKey, parser } from '@bpmn-io/lezer-feel';
import { Settings, SystemZone } from 'luxon';
import { decide as decideModel } from './parts/decisions.js';
import { spell } from './parts/extensions.js';
import { evaluate as feelinEvaluate, isOurs, unaryTest as feelinUnary } from './parts/evaluator.js';
import { check as checkSubmitted, wants as wantsOf } from './parts/forms.js';
import { isLimit } from './parts/limits.js';
import { encode, revive, setMark } from './parts/values.js';


// --- Parsing once. A tree depends on the text, and on those names in the context that are no plain words.
const KEPT = 2000;
const KEPT_TEXT = 1_000_000; // characters; a tree takes some ten times the memory of its text
const trees = new Map();
let keptText = 0;
let odd = '';

function keep(key, tree) {
  trees.set(key, tree);
  keptText += key.length;
  for (const oldest of trees.keys()) {
    if (trees.size <= KEPT && keptText <= KEPT_TEXT) return;
    trees.delete(oldest);
    keptText -= oldest.length;
  }
}

const configure = parser.configure.bind(parser);
parser.configure = (config) => {
  if (!config.contextTracker) return configure(config);
  return {
    parse(text) {
      const key = `${config.top}\n${odd}\n${text}`;
      let tree = trees.get(key);
      if (tree === undefined) {
        tree = configure(config).parse(text);
        keep(key, tree);
      }
      return tree;
    },
  };
};

// --- The clock and the zone of the case.
SystemZone.instance.constructor.prototype.offset = (instant) => localOffset(instant);
let instant = null;
Settings.now = () => instant ?? Date.now();

export function clock(milliseconds, zoneName) {
  instant = milliseconds;
  setLocal(zoneName);
}

export const mark = setMark;

export function zone(name, steps) {
  setZone(name, JSON.parse(steps));
}

function contextOf(json, dated, oddNames) {
  odd = oddNames;
  const context = JSON.parse(json);
  return dated ? revive(context) : context;
}

function guarded(action) {
  try {
    return action();
  } catch (error) {
    if (isLimit(error)) throw error;
    return JSON.stringify({ error: String(error.message ?? error), at: error.position?.from ?? null });
  }
}

export function evaluate(text, json, dated, oddNames) {
  return guarded(() => {
    const context = contextOf(json, dated, oddNames);
    return JSON.stringify({ value: encode(feelinEvaluate(text, context).value) });
  });
}

export function unary(text, json, dated, oddNames) {
  return guarded(() => {
    const context = contextOf(json, dated, oddNames);
    return JSON.stringify({ value: feelinUnary(text, context).value === true });
  });
}

function firstError(tree) {
  let found = null;
  tree.iterate({ enter: (node) => { if (found === null && node.type.isError) found = node.from; } });
  return found;
}

// feelin says only when it evaluates what it has not implemented; other errors come from the empty context.
function unimplemented(text, context, isUnary) {
  try {
    (isUnary ? feelinUnary : feelinEvaluate)(text, context);
  } catch (error) {
    if (isLimit(error)) throw error;
    if (/^not implemented/.test(error.message)) return error.message;
  }
  return undefined;
}

export function check(text, json, isUnary) {
  return guarded(() => {
    const context = JSON.parse(json);
    odd = Object.keys(context).join('\n');
    const at = firstError((isUnary ? parseUnaryTests : parseExpression)(spell(text), context));
    if (at !== null) return JSON.stringify({ error: 'syntax', at });
    return JSON.stringify({ value: null, error: unimplemented(text, context, isUnary) });
  });
}

const isBuiltin = (name) => {
  const kind = encode(plainEvaluate(name, {}).value, true);
  return kind === 'function';
};

/** Either the variables that `text` reads, or with `called` the functions that it calls and nobody knows. */
export function names(given, called) {
  return guarded(() => {
    odd = '';
    const text = spell(given);
    const read = new Set();
    const bound = new Set(['item', 'partial']);
    parseExpression(text, {}).iterate({
      enter(node) {
        const found = normalizeContextKey(text.slice(node.from, node.to));
        const isCalled = node.node.parent?.name === 'FunctionInvocation' && !node.node.prevSibling;
        if (node.name === 'VariableName' && (isCalled ? isOurs(found) : called)) return;
        if (node.name === 'VariableName' && !(node.node.parent?.name === 'PathExpression' && node.node.prevSibling)) read.add(found);
        if (node.name === 'ParameterName' || node.name === 'Key') bound.add(found);
        if (node.name === 'Name' && node.node.parent?.name === 'InExpression') bound.add(found);
      },
    });
    return JSON.stringify({ value: [...read].filter((name) => !bound.has(name) && !isBuiltin(name)) });
  });
}

export function matches(json) {
  return guarded(() => {
    const [pattern, text] = JSON.parse(json);
    return JSON.stringify({ value: new RegExp(pattern).test(text) });
  });
}

// --- Forms. A schema is sent once, under the hash of its content; without it the answer is {"missing": true}.
const KEPT_SCHEMAS = 200;
const schemas = new Map();

export function form(key, json) {
  if (schemas.size >= KEPT_SCHEMAS) schemas.clear();
  schemas.set(key, JSON.parse(json));
  return '{"value":true}';
}

function withSchema(key, action) {
  return schemas.has(key) ? guarded(() => JSON.stringify({ value: action(schemas.get(key)) })) : '{"missing":true}';
}

const OUTWARD = /(?:\b_?(?:parent|this)_?\s*\.\s*)+([\p{L}_$][\p{L}\p{N}_$]*)/gu; // from a row to what is around it

export function formWants(key) {
  return withSchema(key, (schema) => {
    const { keys, texts } = wantsOf(schema);
    const read = (text) => JSON.parse(names(text)).value ?? [];
    const outward = (text) => [...text.matchAll(OUTWARD)].map(([, name]) => name);
    return [...new Set([...keys, ...texts.flatMap((text) => [...read(text), ...outward(text)])])];
  });
}

export function formCheck(key, submitted, context, oddNames, todayText) {
  return withSchema(key, (schema) => {
    odd = oddNames;
    return checkSubmitted(schema, JSON.parse(submitted), JSON.parse(context), todayText);
  });
}

// --- Decisions. A model is sent once, as a schema is.
const models = new Map();

export function model(key, json) {
  if (models.size >= KEPT_SCHEMAS) models.clear();
  models.set(key, JSON.parse(json));
  return '{"value":true}';
}

const WORD = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;
const WORDS = new WeakMap();

/** The names in `value`, at any depth, that are no plain words; a list is known by its first element. */
function oddIn(value, depth = 0) {
  if (typeof value !== 'object' || value === null || depth > 8) return '';
  const known = WORDS.get(value);
  if (known !== undefined) return known;
  let found = '';
  if (Array.isArray(value)) found = oddIn(value[0], depth + 1);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const [name, item] of Object.entries(value)) found += (WORD.test(name) ? '' : `${name}\n`) + oddIn(item, depth + 1);
  }
  WORDS.set(value, found);
  return found;
}

export function decide(key, id, json, dated) {
  if (!models.has(key)) return '{"missing":true}';
  return guarded(() => {
    const given = JSON.parse(json);
    const known = dated === 'dated' ? revive(given) : given;
    return JSON.stringify({ value: decideModel(models.get(key), id, known, (scope) => { odd = oddIn(scope); }) });
  });
}
