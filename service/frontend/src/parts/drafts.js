// What somebody typed and has not sent is kept in this tab until it is: through an ended sign-in, a reload, a look elsewhere.
// It is kept for that person alone: whoever else signs in here, or signing out, ends it. Before such a page is left it asks.
//
// Forms that post are kept by their address (and dialog), field by field, as far as they differ from what the server said;
// form.js keeps its own with `store`. Passwords, files and hidden fields are never kept.
import { toast } from './toast.js';
import { spoken } from './words.js';

const PREFIX = 'draft ';
const ENDED = 'drafts end'; // signing out was asked for
const SENDING = 'draft being sent'; // as a full page load: its answer is the next page
const DIALOG = 'dialog to open again';
const FORMS = 'form[method=post]:not([data-native-form], .fjs-form)';
const FIELDS = 'textarea, select, input:not([type=hidden], [type=password], [type=file], [type=submit])';

let leaving = false;
const known = new WeakSet();
const done = new WeakSet();

const keyOf = (where) => `${PREFIX}${document.body.dataset.person} ${where}`;
const isTicked = (field) => field.type === 'checkbox' || field.type === 'radio';
const nameOf = (field) => (isTicked(field) ? `${field.name}=${field.value}` : field.name);
const fieldsOf = (form) => [...form.elements].filter((field) => field.name && field.matches(FIELDS) && !field.matches(':disabled'));
const valueOf = (field) => (isTicked(field) ? field.checked : field.value);

/** Where the values of a form are kept: its address, and the dialog that it is in. */
export function placeOf(form) {
  const { pathname, search } = new URL(form.getAttribute('action'), document.baseURI);
  return [pathname + search, form.closest('dialog')?.id].filter(Boolean).join('#');
}

/** What is kept there, or nothing. */
export function stored(where) {
  return JSON.parse(sessionStorage.getItem(keyOf(where)) ?? 'null');
}

/** Keep `values` there; none: forget. */
export function store(where, values) {
  if (!document.body.dataset.person) return;
  try {
    if (values && Object.keys(values).length) sessionStorage.setItem(keyOf(where), JSON.stringify(values));
    else sessionStorage.removeItem(keyOf(where));
  } catch { // the browser keeps no more: it still asks before the page is left
  }
}

function initialOf(field) {
  if (isTicked(field)) return field.defaultChecked;
  if (!field.options) return field.defaultValue;
  return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? '';
}

function changes(form) {
  const changed = fieldsOf(form).filter((field) => valueOf(field) !== initialOf(field));
  return Object.fromEntries(changed.map((field) => [nameOf(field), valueOf(field)]));
}

/** `form` was sent: what was typed into it is kept elsewhere now. */
export function sent(form) {
  store(placeOf(form), null);
  done.add(form);
}

/** `form` is being sent as a full page load: if it is the sign-in that answers, what was typed stays kept. */
export function beingSent(form) {
  sessionStorage.setItem(SENDING, keyOf(placeOf(form)));
  done.add(form);
}

/** The next page is ours and this one comes back by itself: do not ask. */
export function leave() {
  leaving = true;
}

const isShown = (element) => !element.closest('dialog:not([open])');

/** Whether something in `root` was typed and not sent. What is in a dialog that somebody closed is kept, and not asked for. */
export function isUnsent(root = document) {
  const forms = [...root.querySelectorAll(FORMS)].filter((form) => !done.has(form) && isShown(form));
  const hosts = [...root.querySelectorAll('[data-form]')];
  return hosts.some((host) => host.isChanged?.()) || forms.some((form) => Object.keys(changes(form)).length);
}

/** A line that says that something typed before is back, since when it is there, and lets it go with `afresh`. */
export function restoredNotice(afresh, since = '') {
  const notice = document.createElement('p');
  const text = document.createElement('span');
  const button = document.createElement('button');
  notice.className = 'notice info restored';
  notice.setAttribute('role', 'status');
  text.textContent = `${since ? spoken('What you typed before is back, as you left it on {since}. It is not sent yet.', { since }) : spoken('What you typed before is back. It is not sent yet.')} `;
  Object.assign(button, { type: 'button', className: 'button small quiet', textContent: spoken('Start afresh') });
  button.addEventListener('click', () => { notice.remove(); afresh(); });
  notice.append(text, button);
  return notice;
}

function restore(form) {
  const values = stored(placeOf(form));
  if (!values) return;
  const back = fieldsOf(form).filter((field) => Object.hasOwn(values, nameOf(field)) && valueOf(field) !== values[nameOf(field)]);
  for (const field of back) {
    if (isTicked(field)) field.checked = values[nameOf(field)];
    else field.value = values[nameOf(field)];
  }
  if (back.length) form.prepend(restoredNotice(() => { form.reset(); store(placeOf(form), null); }));
}

function restoreAll() {
  for (const form of document.querySelectorAll(FORMS)) {
    if (known.has(form)) continue;
    known.add(form);
    restore(form);
  }
}

function forgetOthers() {
  const mine = keyOf('');
  const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  keys.filter((key) => !key.startsWith(mine)).forEach((key) => sessionStorage.removeItem(key));
}

const taken = (key) => {
  const value = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  return value;
};

/** A link that signs in again and comes back to this page, as it is. */
export function signInAgain(text = spoken('Sign in again')) {
  const link = document.createElement('a');
  const here = window.location.pathname + window.location.search;
  Object.assign(link, { href: `/sign-in?next=${encodeURIComponent(here)}`, textContent: text });
  link.addEventListener('click', () => {
    leave();
    const open = document.querySelector('dialog[open]');
    if (open?.id) sessionStorage.setItem(DIALOG, `${here} ${open.id}`);
  });
  return link;
}

/** Links of where to go on from what was refused, as problem details name them. */
export function waysOn({ ways = [] }) {
  return ways.flatMap(({ text, href }) => [' ', Object.assign(document.createElement('a'), { href, textContent: text })]);
}

function openAgain() {
  const [path, id] = (taken(DIALOG) ?? '').split(' ');
  if (path === window.location.pathname + window.location.search) document.getElementById(id)?.showModal?.();
}

// A part of the page is asked for and answered with the sign-in: nobody is sent away from what is not sent.
function onAnswer(event) {
  if (!event.detail.ctx?.hx?.redirect?.startsWith('/sign-in') || !isUnsent()) return;
  event.preventDefault();
  if (document.querySelector('#toasts [href^="/sign-in"]')) return;
  toast(spoken('You have been signed out. What you typed is kept. '), 'bad', [signInAgain()]);
}

function onInput({ target }) {
  const form = target.form;
  if (!form?.matches(FORMS) || !target.matches(FIELDS)) return;
  done.delete(form);
  store(placeOf(form), changes(form));
}

export function startDrafts() {
  const sending = taken(SENDING);
  if (!document.body.dataset.person) {
    if (taken(ENDED)) forgetOthers();
    return;
  }
  if (sending && !document.querySelector('.error-page')) sessionStorage.removeItem(sending);
  sessionStorage.removeItem(ENDED);
  forgetOthers();
  restoreAll();
  openAgain();
  document.addEventListener('htmx:after:swap', restoreAll);
  document.addEventListener('htmx:before:response', onAnswer);
  document.addEventListener('input', onInput);
  document.addEventListener('change', onInput);
  document.addEventListener('submit', (event) => {
    if (event.defaultPrevented || !event.target.matches(FORMS)) return;
    beingSent(event.target);
    if (event.target.matches('[data-sign-out]')) sessionStorage.setItem(ENDED, 'yes');
  });
  window.addEventListener('beforeunload', (event) => { if (!leaving && isUnsent()) event.preventDefault(); });
  window.addEventListener('pageshow', () => { leaving = false; });
}
