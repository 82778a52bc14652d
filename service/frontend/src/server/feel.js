// FEEL for the service: the evaluator that form-js and dmn-js run in the browser, feelin, run here by quickjs.
//
// Values cross as JSON, with marks for what JSON lacks (parts/values.js); the host says with `dated` whether its JSON
// holds any. Every function answers {"value"} or {"error"}.
import { localOffset, setLocal, setZone, unknownZones } from './parts/intl.js';
import { setFlat } from './parts/trees.js';
import { evaluate as plainEvaluate, parseExpression, parseUnaryTests } from '@bpmn-io/feelin';
import { normalizeContextKey } from '@bpmn-io/lezer-feel';
import { IANAZone, Settings, SystemZone } from 'luxon';
import { decide as decideModel } from './parts/decisions.js';
import { spell } from './parts/extensions.js';
import { evaluate as feelinEvaluate, isOurs, unaryTest as feelinUnary } from './parts/evaluator.js';
import { check as checkSubmitted, wants as wantsOf } from './parts/forms.js';
import { isLimit } from './parts/limits.js';
import { encode, revive, setMark } from './parts/values.js';

// --- The clock and the zone of the case. Both are said before a call, and hold for that call alone.
SystemZone.instance.constructor.prototype.offset = (instant) => localOffset(instant);
let instant = null;
Settings.now = () => instant ?? Date.now();

export function clock(milliseconds, zoneName) {
  instant = milliseconds;
  setLocal(zoneName);
}

export const mark = setMark;

/** What the host knows of a zone that was asked for: its steps, or null when there is no such zone. */
export function zone(name, steps) {
  setZone(name, JSON.parse(steps));
}

function contextOf(json, dated, flat) {
  setFlat(flat);
  const context = JSON.parse(json);
  return dated ? revive(context) : context;
}

/** Everything that is evaluated comes through here, and leaves the context as it found it. */
function guarded(action) {
  let answer;
  try {
    answer = action();
  } catch (error) {
    if (isLimit(error)) throw error;
    answer = JSON.stringify({ error: String(error.message ?? error), at: error.position?.from ?? null });
  }
  const zones = unknownZones();
  if (!zones.length) {
    clock(null, 'UTC');
    setFlat(false);
    return answer;
  }
  IANAZone.resetCache(); // luxon would remember for ever that there is no such zone
  return JSON.stringify({ zones }); // the host sends them and asks again, at the same clock
}

export function evaluate(text, json, dated, flat) {
  return guarded(() => {
    const context = contextOf(json, dated, flat);
    return JSON.stringify({ value: encode(feelinEvaluate(text, context).value) });
  });
}

export function unary(text, json, dated, flat) {
  return guarded(() => {
    const context = contextOf(json, dated, flat);
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
    const at = firstError((isUnary ? parseUnaryTests : parseExpression)(spell(text), context));
    if (at !== null) return JSON.stringify({ error: 'syntax', at });
    return JSON.stringify({ value: null, error: unimplemented(text, context, isUnary) });
  });
}

const isBuiltin = (name) => {
  const kind = encode(plainEvaluate(name, {}).value, true);
  return kind === 'function';
};

/** Whether `node` stands in the brackets of a filter, where a name may be a part of the item as well as a variable. */
function isFiltering(node) {
  for (let inner = node; inner.parent; inner = inner.parent) {
    if (inner.parent.name === 'FilterExpression' && inner.prevSibling) return true;
  }
  return false;
}

/** The variables that `text` reads; with `called` the functions that it calls and nobody knows; with `surely` only the
 * variables that cannot be parts of an item. */
export function names(given, called, surely) {
  return guarded(() => {
    const text = spell(given);
    const read = new Set();
    const bound = new Set(['item', 'partial']);
    parseExpression(text, {}).iterate({
      enter(node) {
        const found = normalizeContextKey(text.slice(node.from, node.to));
        const isCalled = node.node.parent?.name === 'FunctionInvocation' && !node.node.prevSibling;
        if (node.name === 'VariableName' && (isCalled ? isOurs(found) : called)) return;
        if (surely && node.name === 'VariableName' && isFiltering(node.node)) return;
        if (node.name === 'VariableName' && !(node.node.parent?.name === 'PathExpression' && node.node.prevSibling)) read.add(found);
        if (node.name === 'ParameterName' || node.name === 'Key') bound.add(found);
        if (node.name === 'Name' && node.node.parent?.name === 'InExpression') bound.add(found);
      },
    });
    return JSON.stringify({ value: [...read].filter((name) => !bound.has(name) && !isBuiltin(name)) });
  });
}

const LITERALS = { StringLiteral: 'text', NumericLiteral: 'number', BooleanLiteral: 'truth' };

/** What kind of value a part of an expression gives; undefined where only a case could tell. */
function kindOf(node, text, kinds) {
  if (node.name === 'ParenthesizedExpression') return node.firstChild?.nextSibling ? kindOf(node.firstChild.nextSibling, text, kinds) : undefined;
  if (node.name === 'VariableName' || node.name === 'PathExpression') {
    const said = text.slice(node.from, node.to).replace(/\s+/g, '');
    return Object.hasOwn(kinds, said) ? kinds[said] : undefined;
  }
  return LITERALS[node.name];
}

/** The comparisons and sums in `text` whose two sides are of different kinds: [left, its kind, right, its kind].
 * `json` are the kinds of variables that are known: text, number or truth. */
export function mismatches(given, json) {
  return guarded(() => {
    const text = spell(given);
    const kinds = JSON.parse(json);
    const found = [];
    parseExpression(text, {}).iterate({
      enter(node) {
        if (node.name === 'ParameterName' || (node.name === 'Name' && node.node.parent?.name === 'InExpression')) {
          delete kinds[text.slice(node.from, node.to)]; // it means something else here
        }
        if (node.name !== 'Comparison' && node.name !== 'ArithmeticExpression') return;
        const [left, sign, right] = [node.node.firstChild, node.node.firstChild?.nextSibling, node.node.lastChild];
        if (!['CompareOp', 'ArithOp'].includes(sign?.name) || sign.nextSibling?.from !== right?.from || isFiltering(node.node)) return;
        const [first, second] = [kindOf(left, text, kinds), kindOf(right, text, kinds)];
        if (first && second && first !== second) {
          found.push([text.slice(left.from, left.to), first, text.slice(right.from, right.to), second]);
        }
      },
    });
    return JSON.stringify({ value: found });
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

export function formCheck(key, submitted, context, flat, todayText) {
  return withSchema(key, (schema) => {
    setFlat(flat);
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

export function decide(key, id, json, dated) {
  if (!models.has(key)) return '{"missing":true}';
  return guarded(() => {
    const given = JSON.parse(json);
    const known = dated === 'dated' ? revive(given) : given;
    return JSON.stringify({ value: decideModel(models.get(key), id, known) });
  });
}
