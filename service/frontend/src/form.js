// A form-js form on <div data-form data-action="URL">, with its schema, values and errors in JSON script elements.
//
// It is sent as JSON {"data": {…}}; the server checks it all again and answers
//   2xx {"location": URL}  → go there          422 {"errors": {fieldId: [message]}} → shown at the fields
//   409 {"form": {id, schema, data}}  → the form has changed: the new one is shown with what was typed
//   else problem details   → shown above the form; what was typed stays.
// With data-draft what is typed is kept on the server while it is typed (parts/kept.js).
// With data-native it posts the hidden <form> instead (a field `data` with the JSON), as a full page load.
import { Form } from '@bpmn-io/form-js-viewer';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import './styles/form.css';
import { startCalendars } from './parts/calendar.js';
import { askedBy, comparison, goneNotice, labelsOf } from './parts/compare.js';
import { leave, restoredNotice, signInAgain, store, stored, waysOn } from './parts/drafts.js';
import { chosen, empty, end, goOn, goOnFrom, keeping, local, same, takenUp, typed, waitFor } from './parts/kept.js';
import { safeMarkup } from './parts/markup.js';
import { json, mount } from './parts/mount.js';
import { startReading } from './parts/reading.js';
import { renewed } from './parts/token.js';
import { later, spoken } from './parts/words.js';

const NAMED = 12; // fields that are named above the form
const OFFLINE = later('The server could not be reached. Nothing is lost: try again.');
const SIGNED_OUT = later('You have been signed out. What you typed is kept. ');

async function start(host) {
  // form-js keeps what is typed for 300 ms before it believes it; when another answer redraws the form meanwhile, it is lost.
  const container = host.querySelector('[data-canvas]');
  const form = new Form({ container, debounce: false, additionalModules: [safeMarkup] });
  const values = json(host, 'data-values', {});
  const schema = json(host, 'data-schema', {});
  const taken = takeUp(host, values);
  await form.importSchema(schema, { ...values, ...taken?.values });
  const state = { form, host, words: json(host, 'data-words', {}), values, schema, data: { ...values, ...taken?.values }, touched: false, changed: Boolean(taken), sending: false };
  if (host.dataset.draft !== undefined) keepOnServer(state, taken);
  if (taken) host.prepend(restoredNotice(() => { afresh(state); }, taken.since));
  if (Object.keys(taken?.choices ?? {}).length) compare(state, taken.choices);
  if (Object.keys(taken?.gone ?? {}).length) host.querySelector('[data-canvas]').before(goneNotice(taken.gone));
  showErrors(state, json(host, 'data-errors', {}));
  if (host.dataset.readonly !== undefined) form.setProperty('readOnly', true);
  // The form computes values by itself while it opens; what counts is a change after a person touched it.
  for (const kind of ['keydown', 'pointerdown', 'input']) host.addEventListener(kind, () => { state.touched = true; }, true);
  form.on('changed', ({ data }) => {
    state.changed ||= state.touched;
    state.data = data;
    if (state.changed) remember(state);
  });
  form.on('submit', ({ data, errors }) => submitted(state, data, errors));
  startReading(host.querySelector('[data-canvas]'), form);
  startCalendars(host.querySelector('[data-canvas]'));
  host.form = form;
  host.isChanged = () => state.changed && !(state.keep?.saved);
  for (const button of host.querySelectorAll('[data-send]')) {
    button.addEventListener('click', () => { state.action = button.dataset.send; submitWhatIsShown(state); });
  }
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || !host.isConnected) return;
    if (document.querySelector('dialog[open]') && !host.closest('dialog[open]')) return;
    event.preventDefault();
    const buttons = [...host.querySelectorAll('[data-send]')];
    buttons.at(event.shiftKey ? -1 : 0)?.click();
  });
  window.addEventListener('pageshow', (event) => { if (event.persisted) busy(state, false); }); // back again
  await drawn(); // a calendar only takes what is entered once it has been drawn
  await drawn();
  host.dataset.ready = '';
}

// What of `data` is not as the server said.
function differing(data, values) {
  const isOther = ([name, value]) => !same(value, values[name]);
  return Object.fromEntries(Object.entries(data).filter(isOther));
}

function remember(state) {
  if (state.keep) typed(state.keep, differingAsked(state), state.values);
  else store(state.host.dataset.action, differing(state.data, state.values));
}

function differingAsked({ data, values, schema }) {
  const asked = askedBy(schema);
  return Object.fromEntries(Object.entries(differing(data, values)).filter(([name]) => asked.has(name)));
}

function forget(state) {
  state.changed = false;
  store(state.host.dataset.action, null);
}

// What was typed before, in this tab or, as the server kept it, anywhere; nothing where nothing was.
function takeUp(host, values) {
  if (host.dataset.readonly !== undefined) return null;
  if (host.dataset.draft === undefined) {
    const before = stored(host.dataset.action);
    return before && { values: before };
  }
  const taken = takenUp(json(host, 'data-kept', {}), local(host.dataset.action), values);
  return Object.keys({ ...taken.values, ...taken.gone }).length ? taken : null;
}

function keepOnServer(state, taken) {
  const kept = json(state.host, 'data-kept', {});
  state.keep = keeping(state.host, kept, taken, (draft) => elsewhere(state, draft));
  if (!taken) return;
  if (isElsewhere(taken.choices)) waitForChoice(state, kept, local(state.host.dataset.action).version);
  else typed(state.keep, taken.values, state.values);
}

const isElsewhere = (choices) => Object.values(choices).some((choice) => 'elsewhere' in choice);

function waitForChoice(state, draft, since) {
  state.newest = draft;
  waitFor(state.keep, since);
}

async function afresh(state) {
  if (state.keep) await empty(state.keep).catch(() => {}); // offline: it is gone here
  forget(state);
  leave();
  window.location.reload();
}

// In another tab, or on another machine, more was typed: what is only there is taken over, for the rest both are shown.
async function elsewhere(state, draft) {
  const here = { ...state.keep, values: differingAsked(state), saved: false };
  const taken = takenUp(draft, here, state.values);
  state.keep.was = taken.was;
  await put(state, taken.values);
  if (!isElsewhere(taken.choices)) return goOnFrom(Object.assign(state.keep, { values: taken.values }), draft);
  waitForChoice(state, draft, state.keep.version);
  return compare(state, taken.choices);
}

function compare(state, choices) {
  state.comparison?.remove();
  const why = isElsewhere(choices) ? spoken('You typed into this form elsewhere too.') : spoken('The case has changed since you typed this.');
  state.comparison = comparison(state.schema, choices, why, (values) => decided(state, values));
  state.host.querySelector('[data-canvas]').before(state.comparison);
}

async function decided(state, values) {
  await put(state, values);
  chosen(state.keep, Object.keys(values), state.values);
  remember(state);
  state.comparison.remove();
  state.comparison = null;
  if (state.newest) goOnFrom(state.keep, state.newest);
  state.newest = null;
  controlOf(state.host.querySelector('.fjs-form-field'))?.focus();
}

async function put(state, values) {
  state.data = { ...state.data, ...values };
  state.changed = true;
  await state.form.importSchema(state.schema, state.data);
}

// A date or time is only believed once its field is left and the page is drawn anew: sent at once, the answer before
// it would go. Whoever sends by key is still in the field.
async function submitWhatIsShown({ form, host }) {
  const focused = document.activeElement;
  if (focused?.closest('.fjs-form-field-datetime') && host.contains(focused)) focused.blur();
  await drawn();
  await drawn();
  form.submit();
}

function drawn() {
  return new Promise((done) => {
    const soon = () => setTimeout(done);
    const latest = setTimeout(soon, 100); // a page in the background is not drawn
    requestAnimationFrame(() => { clearTimeout(latest); soon(); });
  });
}

async function submitted(state, data, errors) {
  if (state.sending) return;
  if (Object.keys(errors).length && Object.keys(state.words).length) state.form._setState({ errors: translated(state, errors) });
  if (Object.keys(errors).length) return focusFirstError(state, later('Some answers need another look.'));
  if (state.comparison) return unchosen(state);
  busy(state, true);
  if (state.keep) await end(state.keep);
  let leaving = false;
  try {
    leaving = state.host.dataset.native === undefined ? await send(state, data) : post(state, data);
  } catch {
    problem(state, inWords(state, OFFLINE));
  }
  if (!leaving && state.keep) goOn(state.keep);
  if (!leaving) busy(state, false); // or a second click would send it again while the next page is loading
}

function request(state, data) {
  return fetch(state.action || state.host.dataset.action, {
    method: 'POST',
    body: JSON.stringify({ data }),
    headers: {
      Accept: 'application/json, application/problem+json',
      'Content-Type': 'application/json',
      'X-CSRFToken': state.host.dataset.csrf ?? '',
    },
  });
}

// Take the token of who signed in again; whether there was one to take.
async function renew(host) {
  const token = await renewed(host.dataset.csrf);
  if (token) host.dataset.csrf = token;
  return Boolean(token);
}

// Send it; whether another page is on its way.
async function send(state, data) {
  let answer = await request(state, data);
  if (answer.status === 403 && await renew(state.host)) answer = await request(state, data);
  const isJson = /json/.test(answer.headers.get('Content-Type') ?? '');
  const body = isJson ? await answer.json() : {};
  if (answer.ok && (body.location || answer.redirected)) {
    forget(state);
    window.location.assign(body.location ?? answer.url);
    return true;
  } else if (answer.ok) {
    forget(state);
    state.host.dispatchEvent(new CustomEvent('casewright:sent', { bubbles: true, detail: body }));
  } else if (answer.status === 422 && body.errors) {
    showErrors(state, body.errors);
    focusFirstError(state, body.detail ?? later('Some answers need another look.'), body.errors['']?.[0]);
  } else if (answer.status === 409 && body.form) {
    await replaced(state, body.form);
    problem(state, body.detail);
  } else {
    const more = answer.status === 401 ? [spoken(SIGNED_OUT), signInAgain()] : [body.detail ?? body.title ?? spoken('The server answered {status}.', { status: answer.status }), ...waysOn(body)];
    problem(state, ...more);
  }
  return false;
}

// The form has changed since the page was loaded: show the new one with what was typed, and send it as such.
async function replaced(state, { id, schema, data }) {
  const { form, host } = state;
  Object.assign(state, { schema, data });
  await form.importSchema(schema, data);
  const action = new URL(host.dataset.action, window.location.href);
  action.searchParams.set('form', id);
  host.dataset.action = action.pathname + action.search;
}

function post(state, data) {
  const native = state.host.querySelector('form[data-native-form]');
  native.elements.data.value = JSON.stringify(data);
  if (state.action) native.action = state.action;
  forget(state);
  native.submit();
  return true;
}

function showErrors(state, errors) {
  if (Object.keys(errors).length) state.form._setState({ errors: byRow(translated(state, errors)) });
}

const inWords = (state, text) => state.words[text] ?? spoken(text);

// What form-js says of wrong answers, nested by rows or not, in the words of the page.
function translated(state, errors) {
  if (typeof errors === 'string') return inWords(state, errors);
  if (Array.isArray(errors)) return errors.map((each) => translated(state, each));
  if (typeof errors !== 'object' || errors === null) return errors;
  return Object.fromEntries(Object.entries(errors).map(([name, each]) => [name, translated(state, each)]));
}

// The server names the field of a list's first row `Field_1.0`; form-js nests its errors: {Field_1: {0: [message]}}.
function byRow(errors) {
  const nested = {};
  for (const [name, messages] of Object.entries(errors)) {
    const [id, ...rows] = name.split('.');
    const keys = Object.hasOwn(errors, id) ? [name] : [id, ...rows];
    keys.slice(0, -1).reduce((inner, key) => (inner[key] ??= {}), nested)[keys.at(-1)] = messages;
  }
  return nested;
}

const controlOf = (field) => field.querySelector('input, select, textarea, button');

function labelOf(field) {
  const label = field.querySelector('.fjs-form-field-label, legend, label')?.cloneNode(true);
  label?.querySelectorAll('.fjs-asterix, .fjs-asterisk').forEach((sign) => sign.remove());
  return label?.textContent.trim() || spoken('an answer');
}

// Say how many answers need another look, and which: each name leads to its field.
function focusFirstError(state, message, ofAll) {
  setTimeout(() => { // form-js draws its errors first
    const fields = [...new Set([...state.host.querySelectorAll('.fjs-has-errors, .fjs-form-field-error')].map((each) => each.closest('.fjs-form-field')))].filter(Boolean);
    problem(state, ...(ofAll ? [`${ofAll} `] : []), ...(fields.length ? named(state, fields) : ofAll ? [] : [inWords(state, message)]));
    if (fields.length) controlOf(fields[0])?.focus();
  }, 50);
}

function named(state, fields) {
  const links = fields.slice(0, NAMED).map((field) => {
    const link = Object.assign(document.createElement('a'), { href: '#main', textContent: labelOf(field) });
    link.addEventListener('click', (event) => { event.preventDefault(); controlOf(field)?.focus(); });
    return link;
  });
  const text = inWords(state, fields.length === 1 ? later('One answer needs another look: ') : later('{n} answers need another look: '));
  const count = text.replace('{n}', fields.length);
  const more = fields.length > NAMED ? [spoken(', and {n} more', { n: fields.length - NAMED })] : [];
  return [count, ...links.flatMap((link, place) => (place ? [', ', link] : [link])), ...more, '.'];
}

function unchosen(state) {
  const names = [...state.comparison.left].map((name) => labelsOf(state.schema, name));
  problem(state, names.length ? spoken('Choose first: {names}.', { names: names.join(', ') }) : spoken('Say first that you go on with what you have chosen.'));
  state.comparison.querySelector(names.length ? 'input' : 'button').focus();
}

function problem(state, ...said) {
  const notice = state.host.querySelector('[data-problem]');
  const text = document.createElement('span'); // the notice is a flex box: its words have to stay one thing
  text.append(...said);
  notice.replaceChildren(text);
  notice.hidden = false;
}

function busy(state, sending) {
  state.sending = sending;
  state.host.ariaBusy = String(sending);
  if (sending) state.host.querySelector('[data-problem]').hidden = true;
  for (const button of state.host.querySelectorAll('[data-send]')) button.disabled = sending;
}

mount('[data-form]', (host) => { start(host); });
