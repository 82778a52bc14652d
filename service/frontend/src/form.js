// A form-js form on <div data-form data-action="URL">, with its schema, values and errors in JSON script elements.
//
// It is sent as JSON {"data": {…}}; the server checks it all again and answers
//   2xx {"location": URL}  → go there          422 {"errors": {fieldId: [message]}} → shown at the fields
//   409 {"form": {id, schema, data}}  → the form has changed: the new one is shown with what was typed
//   else problem details   → shown above the form; what was typed stays.
// With data-native it posts the hidden <form> instead (a field `data` with the JSON), as a full page load.
import { Form } from '@bpmn-io/form-js-viewer';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import './styles/form.css';
import { startCalendars } from './parts/calendar.js';
import { leave, restoredNotice, signInAgain, store, stored, waysOn } from './parts/drafts.js';
import { safeMarkup } from './parts/markup.js';
import { json, mount } from './parts/mount.js';
import { startReading } from './parts/reading.js';
import { renewed } from './parts/token.js';

const NAMED = 12; // fields that are named above the form
const OFFLINE = 'The server could not be reached. Nothing is lost: try again.';
const SIGNED_OUT = 'You have been signed out. What you typed is kept. ';

async function start(host) {
  // form-js keeps what is typed for 300 ms before it believes it; when another answer redraws the form meanwhile, it is lost.
  const container = host.querySelector('[data-canvas]');
  const form = new Form({ container, debounce: false, additionalModules: [safeMarkup] });
  const values = json(host, 'data-values', {});
  const typed = host.dataset.readonly === undefined ? stored(host.dataset.action) : null;
  await form.importSchema(json(host, 'data-schema', {}), { ...values, ...typed });
  const state = { form, host, values, touched: false, changed: Boolean(typed), sending: false };
  if (typed) host.prepend(restoredNotice(() => { forget(state); leave(); window.location.reload(); }));
  showErrors(state, json(host, 'data-errors', {}));
  if (host.dataset.readonly !== undefined) form.setProperty('readOnly', true);
  // The form computes values by itself while it opens; what counts is a change after a person touched it.
  for (const kind of ['keydown', 'pointerdown', 'input']) host.addEventListener(kind, () => { state.touched = true; }, true);
  form.on('changed', ({ data }) => {
    state.changed ||= state.touched;
    if (state.changed) store(host.dataset.action, differing(data, values));
  });
  form.on('submit', ({ data, errors }) => submitted(state, data, errors));
  startReading(host.querySelector('[data-canvas]'), form);
  startCalendars(host.querySelector('[data-canvas]'));
  host.form = form;
  host.isChanged = () => state.changed;
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
  const isOther = ([name, value]) => JSON.stringify(value) !== JSON.stringify(values[name]);
  return Object.fromEntries(Object.entries(data).filter(isOther));
}

function forget(state) {
  state.changed = false;
  store(state.host.dataset.action, null);
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
  if (Object.keys(errors).length) return focusFirstError(state, 'Some answers need another look.');
  busy(state, true);
  let leaving = false;
  try {
    leaving = state.host.dataset.native === undefined ? await send(state, data) : post(state, data);
  } catch {
    problem(state, OFFLINE);
  }
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
    focusFirstError(state, body.detail ?? 'Some answers need another look.', body.errors['']?.[0]);
  } else if (answer.status === 409 && body.form) {
    await replaced(state, body.form);
    problem(state, body.detail);
  } else {
    const more = answer.status === 401 ? [SIGNED_OUT, signInAgain()] : [body.detail ?? body.title ?? `The server answered ${answer.status}.`, ...waysOn(body)];
    problem(state, ...more);
  }
  return false;
}

// The form has changed since the page was loaded: show the new one with what was typed, and send it as such.
async function replaced({ form, host }, { id, schema, data }) {
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
  if (Object.keys(errors).length) state.form._setState({ errors: byRow(errors) });
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
  return label?.textContent.trim() || 'an answer';
}

// Say how many answers need another look, and which: each name leads to its field.
function focusFirstError(state, message, ofAll) {
  setTimeout(() => { // form-js draws its errors first
    const fields = [...new Set([...state.host.querySelectorAll('.fjs-has-errors, .fjs-form-field-error')].map((each) => each.closest('.fjs-form-field')))].filter(Boolean);
    problem(state, ...(ofAll ? [`${ofAll} `] : []), ...(fields.length ? named(fields) : ofAll ? [] : [message]));
    if (fields.length) controlOf(fields[0])?.focus();
  }, 50);
}

function named(fields) {
  const links = fields.slice(0, NAMED).map((field) => {
    const link = Object.assign(document.createElement('a'), { href: '#main', textContent: labelOf(field) });
    link.addEventListener('click', (event) => { event.preventDefault(); controlOf(field)?.focus(); });
    return link;
  });
  const count = fields.length === 1 ? 'One answer needs another look: ' : `${fields.length} answers need another look: `;
  const more = fields.length > NAMED ? [`, and ${fields.length - NAMED} more`] : [];
  return [count, ...links.flatMap((link, place) => (place ? [', ', link] : [link])), ...more, '.'];
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
