// Short messages in the corner: those that the server put into the page, those of `HX-Trigger: {"toast": …}`, our own.
import { spoken } from './words.js';

const SECONDS = 6;

function dismissible(toast) {
  toast.querySelector('[data-dismiss]')?.addEventListener('click', () => toast.remove());
  if (toast.matches('.bad')) return; // an error stays until it is dismissed
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), SECONDS * 1000); };
  for (const event of ['mouseenter', 'focusin']) toast.addEventListener(event, () => clearTimeout(timer));
  for (const event of ['mouseleave', 'focusout']) toast.addEventListener(event, start);
  start();
}

/** Show `message`; `kind` is "good", "bad" or empty; `more`: links. */
export function toast(message, kind = '', more = []) {
  const region = document.getElementById('toasts');
  const shown = document.createElement('p');
  shown.className = `toast ${kind}`;
  const text = document.createElement('span');
  text.append(message, ...more);
  const close = document.createElement('button');
  Object.assign(close, { type: 'button', className: 'icon-button', textContent: '×', ariaLabel: spoken('Dismiss') });
  close.dataset.dismiss = '';
  shown.append(text, close);
  region.append(shown);
  dismissible(shown);
}

export function startToasts() {
  const toasts = [...document.querySelectorAll('#toasts .toast')];
  toasts.forEach(dismissible);
  // What stands in a live region from the beginning is not read out; what comes into it is.
  if (toasts.length) setTimeout(() => toasts.forEach((each) => each.isConnected && each.parentElement.append(each)), 150);
  document.addEventListener('toast', ({ detail }) => toast(detail.message ?? detail.value ?? '', detail.kind));
  document.addEventListener('htmx:error', () => toast(spoken('The server could not be reached. Try again.'), 'bad'));
}
