// FEEL for the service, run by quickjs: processes and decisions by an interpreter of the standard (parts/feel/), forms by
// feelin, which form-js runs in the browser. Both parse with lezer-feel.
//
// Values cross as JSON, with marks for what JSON lacks (parts/values.js); the host says with `dated` whether its JSON
// holds any. Every function answers {"value"} or {"error"}.
import { localOffset, setLocal, setZone, unknownZones } from './parts/intl.js';
import { setFlat } from './parts/trees.js';
import { normalizeContextKey } from '@bpmn-io/lezer-feel';
import { IANAZone, Settings, SystemZone } from 'luxon';
import { unimplemented } from './parts/browser.js';
import { decide as decideModel } from './parts/decisions.js';
import { BUILTINS, setClock } from './parts/feel/builtins.js';
import { EXTENSIONS } from './parts/feel/extensions.js';
import { evaluate as feelValue, unaryTest } from './parts/feel/interpreter.js';
import { facts, mistake } from './parts/feel/lint.js';
import { errorAt, parse } from './parts/feel/parse.js';
import { check as checkSubmitted, opened as openedForm, wants as wantsOf } from './parts/forms.js';
import { isLimit } from './parts/limits.js';
import { encode, revive, setMark } from './parts/values.js';

// --- The clock and the zone of the case. Both are said before a call, and hold for that call alone.
SystemZone.instance.constructor.prototype.offset = (instant) => localOffset(instant);
let instant = null;
Settings.now = () => instant ?? Date.now();
setClock(() => instant ?? Date.now());

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
    return JSON.stringify({ value: encode(feelValue(text, context)) });
  });
}

export function unary(text, json, dated, flat) {
  return guarded(() => {
    const context = contextOf(json, dated, flat);
    return JSON.stringify({ value: unaryTest(text, context) === true });
  });
}

/** What a text holds (lint.js `facts`), or what is wrong with it; with `inBrowser` also what feelin does not know. */
export function check(given, json, isUnary, inBrowser) {
  return guarded(() => {
    const context = JSON.parse(json);
    const { text, tree } = parse(given, context, isUnary ? 'UnaryTests' : 'Expression');
    const at = errorAt(tree);
    if (at !== null) return JSON.stringify({ error: 'syntax', at });
    const meant = mistake(tree, text, isUnary, context);
    if (meant) return JSON.stringify({ error: meant.what, at: meant.at });
    return JSON.stringify({ value: facts(tree, text), lacking: inBrowser ? unimplemented(tree, text) : null });
  });
}

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
    const { text, tree } = parse(given, {});
    const read = new Set();
    const bound = new Set(['item', 'partial']);
    tree.iterate({
      enter(node) {
        const found = normalizeContextKey(text.slice(node.from, node.to));
        const isCalled = node.node.parent?.name === 'FunctionInvocation' && !node.node.prevSibling;
        if (node.name === 'Type') return false;
        if (node.name === 'VariableName' && (isCalled ? BUILTINS.has(found) : called)) return true;
        if (surely && node.name === 'VariableName' && isFiltering(node.node)) return true;
        if (node.name === 'VariableName' && !(node.node.parent?.name === 'PathExpression' && node.node.prevSibling)) read.add(found);
        if (node.name === 'ParameterName' || node.name === 'Key') bound.add(found);
        if (node.name === 'Name' && node.node.parent?.name === 'InExpression') bound.add(found);
        return true;
      },
    });
    return JSON.stringify({ value: [...read].filter((name) => !bound.has(name) && (!BUILTINS.has(name) || Object.hasOwn(EXTENSIONS, name))) });
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
    const { text, tree } = parse(given, {});
    const kinds = JSON.parse(json);
    const found = [];
    tree.iterate({
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

export function formOpened(key, context, flat) {
  return withSchema(key, (schema) => {
    setFlat(flat);
    return openedForm(schema, JSON.parse(context));
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
