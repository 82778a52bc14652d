// Forms in dialogs, and <form data-stay>, are sent beside the page: what the server refuses is said where it was typed, and
// nothing typed is lost. The server answers as it does to form.js:
//   2xx {"location": URL} → go there      else problem details, `errors` {name: [message]} → at those fields, else above them.
// Where it answers with a page instead (the form again, with its errors), the form is sent as any other: that changed nothing.
import { beingSent, leave, sent, signInAgain, waysOn } from './drafts.js';
import { noted, keep } from './place.js';
import { toast } from './toast.js';
import { renewed } from './token.js';
import { later, spoken } from './words.js';

const OFFLINE = later('The server could not be reached. Nothing is lost: try again.');
const SIGNED_OUT = later('You have been signed out. What you typed is kept.');

function request(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const headers = { Accept: 'application/json, application/problem+json' };
  return fetch(form.action, { method: 'POST', body, headers });
}

async function send(form, submitter) {
  const place = noted(form);
  let answer = await request(form, submitter);
  const token = form.elements.csrf_token;
  if (answer.status === 403 && token) {
    const newer = await renewed(token.value);
    if (newer) {
      token.value = newer;
      answer = await request(form, submitter);
    }
  }
  if (!/json/.test(answer.headers.get('Content-Type') ?? '')) {
    if (answer.redirected) return go(form, answer.url, place);
    beingSent(form);
    return HTMLFormElement.prototype.submit.call(form);
  }
  const said = await answer.json();
  if (answer.ok) return go(form, said.location, place);
  if (answer.status === 401) return refuse(form, spoken(SIGNED_OUT), [' ', signInAgain()]);
  const left = Object.entries(said.errors ?? {}).filter(([name, messages]) => !atField(form, name, messages.join(' ')));
  if (!form.querySelector('[data-error]') || left.length) refuse(form, said.detail ?? said.title ?? spoken('The server answered {status}.', { status: answer.status }), waysOn(said));
  form.querySelector('[aria-invalid=true]')?.focus();
}

function go(form, location, place) {
  sent(form);
  const to = new URL(location, window.location.href);
  const isHere = to.pathname === window.location.pathname && to.search === window.location.search;
  keep(place);
  if (to.pathname === window.location.pathname) leave(); // what else was typed here comes back by itself
  window.location.assign(to);
  if (isHere && to.hash) window.location.reload(); // else it would only scroll
}

function refuse(form, message, links = []) {
  if (!form.querySelector('input:not([type=hidden]), select, textarea')) return toast(message === spoken(SIGNED_OUT) ? spoken('You have been signed out.') : message, 'bad', links);
  const notice = document.createElement('p');
  notice.className = 'notice bad';
  notice.setAttribute('role', 'alert');
  notice.dataset.error = '';
  const text = document.createElement('span');
  text.append(message, ...links);
  notice.append(text);
  form.prepend(notice);
  notice.scrollIntoView({ block: 'nearest' });
}

// Say it at the field of that name; whether there is one.
function atField(form, name, message) {
  const found = form.elements.namedItem(name);
  const input = found instanceof RadioNodeList ? found[0] : found;
  const field = input?.closest('.field, fieldset');
  if (!field || input.type === 'hidden') return false;
  for (let folded = field.closest('details'); folded; folded = folded.parentElement.closest('details')) folded.open = true;
  const error = document.createElement('p');
  error.className = 'error';
  error.id = `${input.id || name}-refused`;
  error.textContent = message;
  error.dataset.error = '';
  field.append(error);
  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-describedby', [input.getAttribute('aria-describedby'), error.id].filter(Boolean).join(' '));
  return true;
}

function forget(form) {
  for (const input of form.querySelectorAll('[aria-invalid]')) {
    const others = (input.getAttribute('aria-describedby') ?? '').split(' ').filter((id) => id && !id.endsWith('-refused'));
    input.removeAttribute('aria-invalid');
    if (others.length) input.setAttribute('aria-describedby', others.join(' '));
    else input.removeAttribute('aria-describedby');
  }
  form.querySelectorAll('[data-error]').forEach((each) => each.remove());
}

export function startSending() {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== 'post' || form.dataset.sent !== undefined) return;
    if (!form.matches('dialog form, [data-stay]') || event.submitter?.matches('[formaction]')) return;
    event.preventDefault();
    forget(form);
    form.ariaBusy = 'true';
    send(form, event.submitter).catch(() => refuse(form, spoken(OFFLINE))).finally(() => {
      form.ariaBusy = null;
      delete form.dataset.sent;
    });
  });
}
