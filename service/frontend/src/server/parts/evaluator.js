// feelin with what DMN 1.5 has besides: our own functions (builtins.js), and `instance of` (§10.3.2.10).
import { evaluate as feelinEvaluate, parseExpression, parseUnaryTests, unaryTest as feelinUnary } from '@bpmn-io/feelin';
import { BUILTINS } from './builtins.js';
import { strictly } from './comparing.js';
import { EXTENSIONS, spell } from './extensions.js';
import { kindOf } from './values.js';

const OURS = { ...BUILTINS, ...EXTENSIONS };
const NAMES = Object.keys(OURS);
const SAYS_INSTANCE = /\binstance\s+of\b/;
const MOST = 50; // of `instance of` in one text
const KEPT = 2000;
const prepared = new Map();

/** Whether that is a function that feelin does not have. */
export const isOurs = (name) => Object.hasOwn(OURS, name);

/** How a text is given to feelin: with `instance of` as a function, and the functions of ours that it may name. */
function prepare(text) {
  let found = prepared.get(text);
  if (found === undefined) {
    const spelled = spell(text);
    const squeezed = spelled.replace(/\s+/g, ' ');
    const own = Object.fromEntries(NAMES.filter((name) => squeezed.includes(name)).map((name) => [name, OURS[name]]));
    const asks = SAYS_INSTANCE.test(spelled);
    if (asks) own[INSTANCE] = instanceOf;
    found = { spelled, own, asks, any: Object.keys(own).length > 0 };
    if (prepared.size >= KEPT) prepared.clear();
    prepared.set(text, found);
  }
  return found;
}

const evaluateWith = (call, parse) => (text, context) => {
  const { spelled, own, asks, any } = prepare(text);
  const known = any ? { ...own, ...context } : context;
  return strictly(() => call(asks ? withoutInstance(spelled, parse, known) : spelled, known));
};

export const evaluate = evaluateWith(feelinEvaluate, parseExpression);

/** feelin takes `not(> 20)` as true of null; whether null is greater than 20 is not known, nor is its contrary. */
export const unaryTest = evaluateWith((text, context) => {
  const found = feelinUnary(text, context);
  const unknown = found.value === true && (context['?'] ?? null) === null && isNegatedOrder(parseUnaryTests(text, context));
  return unknown ? { ...found, value: null } : found;
}, parseUnaryTests);

function isNegatedOrder(tree) {
  let [negated, orders] = [false, false];
  tree.iterate({
    enter({ name, node }) {
      if (name === 'not' && node.parent?.name === 'UnaryTests') negated = true;
      const above = node.parent?.name;
      if (['SimplePositiveUnaryTest', 'PositiveUnaryTest'].includes(above) && ['CompareOp', 'Interval'].includes(name)) orders = true;
    },
  });
  return negated && orders;
}

// --- instance of

const INSTANCE = '__instance_of';

/** `x instance of T` as `__instance_of(x, "T")`, the inner ones first. */
function withoutInstance(text, parse, context) {
  let written = text;
  for (let round = 0; round < MOST; round += 1) {
    let inner = null;
    parse(written, context).iterate({
      enter({ name, node }) { if (name === 'InstanceOfExpression') inner = node; }, // the last to be entered holds no other
    });
    if (!inner) return written;
    const part = (node) => written.slice(node.from, node.to);
    const call = `${INSTANCE}(${part(inner.firstChild)}, ${JSON.stringify(part(inner.lastChild))})`;
    written = written.slice(0, inner.from) + call + written.slice(inner.to);
  }
  return written;
}

const instanceOf = Object.assign((value, type) => isOf(value ?? null, type.replace(/\s+/g, ' ').trim()), { $args: ['value', 'type'] });

const SIMPLE = new Set([
  'number', 'string', 'boolean', 'date', 'time', 'date and time', 'days and time duration', 'years and months duration',
]);

/** Whether the value has that type; null for a type that is not known. */
function isOf(value, type) {
  if (type === 'Null') return value === null;
  if (type === 'Any') return true;
  const [, outer, inner] = /^(\w+)\s*<(.*)>/s.exec(type) ?? [null, type, null];
  const kind = kindOf(value);
  if (SIMPLE.has(type) || ['function', 'range'].includes(outer)) return kind === outer;
  if (outer === 'list') return kind === 'list' && (inner === null || value.every((item) => isOf(item, inner.trim())));
  if (outer !== 'context') return null;
  if (kind !== 'context') return false;
  return (inner === null ? [] : entriesOf(inner)).every(([name, wanted]) => Object.hasOwn(value, name) && (value[name] === null || isOf(value[name], wanted)));
}

/** `a: number, b: list<string>` at its outer commas. */
function entriesOf(text) {
  const parts = [];
  let depth = 0;
  let begin = 0;
  for (let at = 0; at <= text.length; at += 1) {
    if (text[at] === '<') depth += 1;
    if (text[at] === '>' && text[at - 1] !== '-') depth -= 1;
    if (at === text.length || (text[at] === ',' && depth === 0)) {
      const [name, ...type] = text.slice(begin, at).split(':');
      parts.push([name.trim(), type.join(':').trim()]);
      begin = at + 1;
    }
  }
  return parts;
}
