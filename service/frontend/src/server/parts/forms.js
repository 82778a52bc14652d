// A form-js form, filled in again on the server: what a person may submit, as form-js itself would have let them.
//
// `initial` is the data the form was opened with, `data` what it holds now. A submitted value reaches `data` only at the
// path of a field that the schema has and that is neither disabled nor readonly. Conditions see what they see in the
// browser: the initial data, over it the values of the fields that are not hidden.
import { evaluate, unaryTest } from '@bpmn-io/feelin';
import { dateErrors, fieldErrors, KEYED, optionValues } from './fields.js';
import { isLimit } from './limits.js';
import { plain } from './browser.js';

const ROUNDS = 10;
const BOUNDS = ['min', 'max', 'minLength', 'maxLength'];
const CONTAINERS = new Set(['default', 'group', 'dynamiclist']);

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const clone = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
const isFeel = (text) => typeof text === 'string' && text.startsWith('=');
const segments = (path) => (path ? String(path).split('.') : []);
const pathOf = (field, base) => [...base, ...segments(KEYED[field.type] ? field.key : field.path)];
const repeats = (field) => field.type === 'dynamiclist' && field.isRepeating === true;

function get(target, path) {
  let found = target;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = found[key];
  }
  return found;
}

function set(target, path, value) {
  if (path.length === 0 || path.includes('__proto__')) return;
  let place = target;
  path.slice(0, -1).forEach((key, index) => {
    if (typeof place[key] !== 'object' || place[key] === null || !Object.hasOwn(place, key)) {
      place[key] = typeof path[index + 1] === 'number' ? [] : {};
    }
    place = place[key];
  });
  if (value === undefined) delete place[path.at(-1)];
  else place[path.at(-1)] = value;
}

// --- FEEL, in the scope of a row: `this`, `parent`, `i`, and the same between underscores

const expressionContext = ({ data, ...scope }) => ({
  ...scope, ...data, _this_: scope.this, _parent_: scope.parent, _i_: scope.i,
});

function feel(text, scope) {
  try {
    return evaluate(text.slice(1), expressionContext(scope)).value;
  } catch (error) {
    if (isLimit(error)) throw error;
    return null; // as in the browser
  }
}

function holds(text, scope) {
  if (!isFeel(text)) return false;
  try {
    return unaryTest(text.slice(1), expressionContext(scope)).value === true;
  } catch (error) {
    if (isLimit(error)) throw error;
    return false;
  }
}

// --- What the form is opened with

function offered(field, data) {
  if (field.valuesExpression) return null;
  return optionValues(field.valuesKey ? get(data, [field.valuesKey]) : field.values);
}

function startValue(field, context, given) {
  const kind = KEYED[field.type];
  if (given !== undefined) return kind.read(given, field, kind.options ? offered(field, context) : null)[0];
  return field.defaultValue !== undefined ? clone(field.defaultValue) : clone(kind.empty);
}

const freshRows = (field) => Array.from({ length: field.defaultRepetitions ?? 1 }, () => ({}));

function initialize(components, base, context, data) {
  for (const field of components ?? []) {
    const path = pathOf(field, base);
    if (KEYED[field.type]) {
      set(data, path, startValue(field, context, get(data, path)));
    } else if (repeats(field)) {
      const given = get(data, path);
      set(data, path, (Array.isArray(given) ? given : freshRows(field)).map((row) => (isObject(row) ? row : {})));
      get(data, path).forEach((_, index) => initialize(field.components, [...path, index], context, data));
    } else {
      initialize(field.components, path, context, data);
    }
  }
}

// --- What was submitted

const guards = (components) => (components ?? []).flatMap((field) => {
  if (KEYED[field.type]) return field.readonly || field.disabled ? [segments(field.key)] : [];
  return repeats(field) ? [] : guards(field.components).map((path) => [...segments(field.path), ...path]);
});

/** The server's own row for each submitted one: the first unused with the same readonly values, else a new one. */
function ownRows(form, field, before, given) {
  const fixed = guards(field.components);
  const sign = (row) => JSON.stringify(fixed.map((path) => get(row, path) ?? null));
  const unused = before.map((row) => [sign(row), row]);
  return given.map((row, index) => {
    const at = fixed.length ? unused.findIndex(([found]) => found === sign(row)) : index < before.length ? 0 : -1;
    if (at >= 0) return clone(unused.splice(at, 1)[0][1]);
    const fresh = {};
    initialize(field.components, [], form.context, fresh);
    return fresh;
  });
}

function takeRows(form, field, path) {
  const before = get(form.data, path) ?? [];
  const submitted = get(form.submitted, path);
  if (field.allowAddRemove) { // a browser sends nothing for a list without rows
    const rows = ownRows(form, field, before, Array.isArray(submitted) ? submitted : []);
    set(form.data, path, rows);
    set(form.own, path, clone(rows));
  }
  get(form.data, path).forEach((_, index) => take(form, field.components, [...path, index]));
}

function take(form, components, base) {
  for (const field of components ?? []) {
    const path = pathOf(field, base);
    if (repeats(field)) takeRows(form, field, path);
    else if (!KEYED[field.type]) take(form, field.components, path);
    else if (!field.disabled && field.type !== 'expression') takeValue(form, field, path);
  }
}

function takeValue(form, field, path) {
  const given = get(form.submitted, path);
  if (given === undefined) return;
  const kind = KEYED[field.type];
  const [value, wrong] = kind.read(given, field, kind.options ? offered(field, form.initial) : null);
  set(form.data, path, value);
  if (wrong) form.wrong.set(JSON.stringify(path), wrong);
}

// --- What is shown

function drop(data, path) {
  set(data, path, undefined);
  for (let rest = path.slice(0, -1); rest.length; rest = rest.slice(0, -1)) {
    const left = get(data, rest);
    const empty = Array.isArray(left) ? left.every((item) => item === undefined) : isObject(left) && Object.keys(left).length === 0;
    if (!empty) return;
    set(data, rest, undefined);
  }
}

/** `data` without the values of hidden fields: form-js' ConditionChecker.applyConditions. */
function visibleData(form) {
  const { data } = form;
  const result = clone(data);
  const walk = (components, base, scope, hiddenAbove) => {
    for (const field of components ?? []) {
      const path = pathOf(field, base);
      if (!KEYED[field.type] && !CONTAINERS.has(field.type)) continue;
      const hidden = hiddenAbove || holds(field.conditional?.hide, { ...scope, data });
      if (KEYED[field.type]) {
        if (hidden) drop(result, path);
      } else if (repeats(field)) {
        if (hidden) drop(result, path);
        else rowScopes(field, get(data, path), scope).forEach((row, index) => walk(field.components, [...path, index], row, false));
      } else {
        walk(field.components, path, scope, hidden);
      }
    }
  };
  walk(form.schema.components, [], { this: data, parent: null, i: [] }, false);
  return result;
}

const rowScopes = (field, rows, scope) => (Array.isArray(rows) ? rows : []).map((row, index) => ({
  this: row, parent: scope.this, i: [...scope.i, index + 1],
}));

/** Every keyed field that is shown, once for each row, with its path and scope; and every repeating list that is. */
function shown(form) {
  const data = { ...form.initial, ...visibleData(form) };
  const instances = [];
  const lists = [];
  const walk = (components, base, scope, indexes) => {
    for (const field of components ?? []) {
      const path = pathOf(field, base);
      if (holds(field.conditional?.hide, scope)) continue;
      if (KEYED[field.type]) instances.push({ field, path, scope, indexes });
      else if (!repeats(field)) walk(field.components, path, scope, indexes);
      else {
        lists.push({ field, path });
        (get(form.data, path) ?? []).forEach((row, index) => walk(field.components, [...path, index], {
          data: scope.data, this: row, i: [...scope.i, index + 1], parent: expressionContext({ ...scope, data: scope.this }),
        }, [...indexes, index]));
      }
    }
  };
  walk(form.schema.components, [], { data, this: data, parent: null, i: [] }, []);
  return { instances, lists };
}

const isReadonly = ({ field, scope }) => (isFeel(field.readonly) ? holds(field.readonly, scope) : Boolean(field.readonly));

const isComputed = (instance) => instance.field.type === 'expression' && !instance.field.disabled && !isReadonly(instance);

const computed = ({ field, scope }) => plain(isFeel(field.expression) ? feel(field.expression, scope) : field.expression);

/**
 * Put the server's values into readonly fields and compute expressions, until nothing changes any more; then those that
 * are computed on submission, once, which hides and shows nothing any more. One that is readonly or disabled is not
 * computed, as in the browser.
 */
function settle(form) {
  const found = untilNothingChanges(form);
  const last = found.instances.filter((instance) => isComputed(instance) && instance.field.computeOn === 'presubmit');
  for (const { path, value } of last.map((instance) => ({ path: instance.path, value: computed(instance) }))) {
    form.wrong.delete(JSON.stringify(path));
    set(form.data, path, clone(value));
  }
  return found;
}

function untilNothingChanges(form) {
  let found = shown(form);
  for (let round = 0; round < ROUNDS; round += 1) {
    let changed = false;
    for (const instance of found.instances) {
      const { field, path } = instance;
      let value;
      if (isComputed(instance) && field.computeOn !== 'presubmit') value = computed(instance);
      else if (field.type === 'expression' || isReadonly(instance)) value = get(form.own, path);
      else continue;
      form.wrong.delete(JSON.stringify(path));
      if (same(get(form.data, path), value)) continue;
      set(form.data, path, clone(value));
      changed = true;
    }
    if (!changed) break;
    found = shown(form);
  }
  return found;
}

// --- The answer

function errorsOf(form, { field, path, scope }) {
  const wrong = form.wrong.get(JSON.stringify(path));
  if (wrong) return [wrong];
  const validate = field.validate && { ...field.validate };
  for (const name of BOUNDS) if (isFeel(validate?.[name])) validate[name] = feel(validate[name], scope);
  const value = get(form.data, path);
  const errors = [...fieldErrors(field, validate, value), ...dateErrors(field, value, get(form.own, path), form.today)];
  return errors.concat(unofferedErrors(field, value, scope));
}

function unofferedErrors(field, value, scope) {
  if (!field.valuesExpression || value === null || value === '') return [];
  const known = optionValues(feel(field.valuesExpression, scope));
  const values = Array.isArray(value) ? value : [value];
  return values.every((item) => known.some((option) => same(option, item))) ? [] : ['Value is not one of the options.'];
}

/** The accepted values by top name. What a form does not own inside such a value stays as the case has it. */
function accepted(form, { instances, lists }) {
  const result = {};
  const begin = ([top, ...rest]) => {
    if (!Object.hasOwn(result, top) && rest.length && isObject(form.context[top])) result[top] = clone(form.context[top]);
  };
  for (const { field, path } of lists) {
    begin(path);
    const before = get(form.context, path);
    const kept = (index) => (!field.allowAddRemove && isObject(before?.[index]) ? clone(before[index]) : {});
    set(result, path, (get(form.data, path) ?? []).map((_, index) => kept(index)));
  }
  for (const { field, path } of instances) {
    if (field.disabled) continue;
    begin(path);
    set(result, path, get(form.data, path));
  }
  return result;
}

/** {values, errors}: errors by field id, with `.0` for each row that the field is in. */
export function check(schema, submitted, context, today) {
  const initial = clone(context);
  initialize(schema.components, [], context, initial);
  const form = { schema, submitted, context, initial, own: clone(initial), data: clone(initial), wrong: new Map(), today };
  take(form, schema.components, []);
  const found = settle(form);
  const errors = {};
  for (const instance of found.instances) {
    if (instance.field.disabled) continue;
    const messages = errorsOf(form, instance);
    if (messages.length) errors[[instance.field.id ?? instance.path.join('.'), ...instance.indexes].join('.')] = messages;
  }
  return { values: accepted(form, found), errors };
}

/** What the form shows as it is opened: the values of the fields that are not hidden, and the ids of what is hidden. */
export function opened(schema, context) {
  const initial = clone(context);
  initialize(schema.components, [], context, initial);
  const form = { schema, submitted: {}, context, initial, own: clone(initial), data: clone(initial), wrong: new Map() };
  const { instances, lists } = settle(form);
  const values = {};
  for (const { path } of lists) set(values, path, (get(form.data, path) ?? []).map(() => ({})));
  for (const { field, path } of instances) if (field.type !== 'expression') set(values, path, clone(get(form.data, path)));
  const data = { ...form.initial, ...visibleData(form) };
  const hidden = (components) => (components ?? []).flatMap((field) => (
    holds(field.conditional?.hide, { data, this: data, parent: null, i: [] }) ? [field.id]
      : repeats(field) ? [] : hidden(field.components)));
  return { values, hidden: hidden(schema.components) };
}

// --- Which variables a form wants to see

/** The top names of its fields, and every text of it that may hold FEEL: whole (`=`) or in {{ }}. */
export function wants(schema) {
  const texts = new Set();
  const walk = (value) => {
    if (typeof value === 'string') {
      if (isFeel(value)) texts.add(value.slice(1));
      for (const [, inside] of value.matchAll(/\{\{-?\s*(?:[#/](?:if|loop)\s*)?(.*?)-?\}\}/gs)) texts.add(inside);
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(walk);
  };
  walk(schema.components ?? []);
  return { keys: [...new Set([...topNames(schema.components), ...optionNames(schema.components)])], texts: [...texts] };
}

function topNames(components) {
  return (components ?? []).flatMap((field) => {
    const [own] = segments(KEYED[field.type] ? field.key : field.path);
    if (KEYED[field.type]) return [own];
    return CONTAINERS.has(field.type) ? (own ? [own] : topNames(field.components)) : [];
  });
}

const optionNames = (components) => (components ?? []).flatMap((field) => [
  ...(field.valuesKey ? [field.valuesKey] : []), ...optionNames(field.components),
]);
