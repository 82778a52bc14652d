// What was typed, and what stands there now, field by field: whoever typed chooses.
import { later, spoken } from './words.js';

const EMPTY = later('nothing');
const CALLED = { yours: later('Yours'), elsewhere: later('Typed elsewhere'), now: later('In the case now') };

/** The fields of a form-js schema, each with the variable that it writes (into). */
function* fieldsOf(components, base = '') {
  for (const field of components ?? []) {
    const name = base || String(field.key || field.path || '').split('.')[0];
    if (field.components) yield* fieldsOf(field.components, name);
    else if (name) yield [name, field];
  }
}

const plain = (text) => (typeof text === 'string' && text && !text.startsWith('=') ? text : '');

/** The variables that somebody may write by the form; a draft has no others. */
export function askedBy(schema) {
  const asked = [...fieldsOf(schema.components)].filter(([, field]) => field.type !== 'expression' && !field.disabled && field.readonly !== true);
  return new Set(asked.map(([name]) => name));
}

/** What the fields of the variable `name` are called. */
export function labelsOf(schema, name) {
  const fields = [...fieldsOf(schema.components)].filter(([owner]) => owner === name);
  const labels = fields.map(([, field]) => plain(field.label) || plain(field.dateLabel)).filter(Boolean);
  return labels.slice(0, 3).join(', ') || name;
}

/** A value in words: what the options of its field call it. */
export function shown(schema, name, value) {
  const options = [...fieldsOf(schema.components)].filter(([owner]) => owner === name).flatMap(([, field]) => field.values ?? []);
  return inWords(value, new Map(options.map((option) => [option.value, option.label])));
}

function inWords(value, options) {
  if (options.has(value)) return plain(options.get(value)) || String(value);
  if (value === null || value === undefined || value === '') return spoken(EMPTY);
  if (typeof value === 'boolean') return value ? spoken('Yes') : spoken('No');
  if (Array.isArray(value)) return value.length ? value.map((each) => inWords(each, options)).join('; ') : spoken(EMPTY);
  if (typeof value === 'object') return Object.values(value).map((each) => inWords(each, options)).join(', ');
  return String(value);
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * A part of the page with a choice for each of `choices`, name → {yours, elsewhere, now} as far as there are; those with
 * the same value are one. `onDone(values)`, once everything is chosen. `part.left`: the names still to be chosen for.
 */
export function comparison(schema, choices, why, onDone) {
  const values = {};
  const left = new Set(Object.keys(choices));
  const head = element('p', { className: 'notice warn', role: 'status' }, element('span', {}, element('b', { textContent: why }), ` ${spoken('Choose for each field; nothing is lost until you do.')}`));
  const button = element('button', { type: 'button', className: 'button', textContent: spoken('Go on with these'), disabled: true });
  button.addEventListener('click', () => onDone(values));
  const fields = Object.entries(choices).map(([name, each], place) => choice(schema, name, each, place, (value) => {
    values[name] = value;
    left.delete(name);
    button.disabled = left.size > 0;
  }));
  const part = element('section', { className: 'compare', ariaLabel: spoken('Choose between what you typed and what is there now') }, head, ...fields, element('div', { className: 'actions' }, button));
  part.left = left;
  return part;
}

function choice(schema, name, values, place, onChosen) {
  const options = [];
  for (const [kind, value] of Object.entries(values)) {
    const text = JSON.stringify(value ?? null);
    const known = options.find((option) => option.text === text);
    if (known) known.called.push(spoken(CALLED[kind]));
    else options.push({ text, value, called: [spoken(CALLED[kind])] });
  }
  const inputs = options.map((option) => {
    const input = element('input', { type: 'radio', name: `compare-${place}` });
    input.addEventListener('change', () => onChosen(option.value));
    return element('label', {}, input, element('span', {}, element('span', { className: 'dim small', textContent: option.called.join(', ') }), element('span', { className: 'compare-value', textContent: shown(schema, name, option.value) })));
  });
  return element('fieldset', {}, element('legend', { textContent: labelsOf(schema, name) }), ...inputs);
}

/** What was typed into fields that the form no longer has. */
export function goneNotice(gone) {
  const names = Object.keys(gone);
  const list = element('dl', {}, ...names.flatMap((name) => [element('dt', { textContent: name }), element('dd', { textContent: inWords(gone[name], new Map()) })]));
  const head = element('summary', { textContent: names.length === 1 ? spoken('The form no longer asks for one thing that you had typed') : spoken('The form no longer asks for {n} things that you had typed', { n: names.length }) });
  return element('details', { className: 'fields-gone' }, head, list);
}
