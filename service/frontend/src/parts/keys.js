// The keyboard. Whatever carries data-key="c" (or "g t") is clicked, or focused when it is a field, or when data-key-focus
// says so (then the first thing in it is); j and k walk the rows; ? shows the sheet, which is made from the very same
// attributes, so that it can never be out of date.

import { focusable } from './place.js';
import { spoken } from './words.js';

export const TYPING = 'input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true]';
const SEQUENCE_MS = 900;

let pending = '';
let pendingSince = 0;

export const visible = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? true;
const bound = () => [...document.querySelectorAll('[data-key]')].filter(visible);

function walk(step) {
  const rows = [...document.querySelectorAll('[data-row]')].filter(visible);
  if (!rows.length) return;
  const here = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const current = here >= 0 ? here : rows.findIndex((row) => row.getAttribute('aria-current') === 'true');
  const next = rows[Math.min(rows.length - 1, Math.max(0, current < 0 ? 0 : current + step))];
  focusable(next)?.focus();
  next.scrollIntoView({ block: 'nearest' });
}

/** Do what the key of `element` does. */
export function press(element) {
  if ('keyFocus' in element.dataset) focusable(element)?.focus();
  else if (element.matches(TYPING)) {
    element.focus();
    element.select?.();
  } else {
    element.focus({ preventScroll: true }); // where the focus goes back to when what it opens is closed
    element.click();
  }
}

/** What is said of `element` where its key is. */
export function label(element) {
  const named = element.dataset.keyLabel ?? element.getAttribute('aria-label');
  if (named) return named;
  const copy = element.cloneNode(true);
  copy.querySelectorAll('kbd, .count, svg').forEach((part) => part.remove());
  return copy.textContent.trim().replace(/\s+/g, ' ');
}

function line(keys, text) {
  const row = document.createElement('div');
  const term = document.createElement('dt');
  const meaning = document.createElement('dd');
  for (const key of keys.split(' ')) {
    const cap = document.createElement('kbd');
    cap.textContent = key;
    term.append(cap, ' ');
  }
  meaning.textContent = text;
  row.append(term, meaning);
  return row;
}

export function showSheet() {
  const sheet = document.getElementById('keys');
  if (!sheet || sheet.open) return;
  const lines = [line('?', spoken('This sheet'))];
  if (document.getElementById('palette')) lines.push(line('Ctrl K', spoken('Search or jump to (⌘ K on a Mac)')));
  if (document.querySelector('[data-row]')) lines.push(line('j k', spoken('Next and previous row')), line('Enter', spoken('Open the row')));
  if (document.querySelector('[data-select]')) lines.push(line('x', spoken('Choose the row, or not')), line('X', spoken('Choose all rows from the last one to this')));
  if (document.querySelector('[data-form]')) lines.push(line('Ctrl Enter', spoken('Send the form (⌘ Enter on a Mac)')));
  if (document.querySelectorAll('[data-send]').length > 1) lines.push(line('Ctrl Shift Enter', spoken('Send it, then the case')));
  lines.push(...bound().map((element) => line(element.dataset.key, label(element))));
  sheet.querySelector('dl').replaceChildren(...lines);
  sheet.showModal();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.(TYPING) || document.querySelector('dialog[open]')) return;
  const waited = event.timeStamp - pendingSince > SEQUENCE_MS ? '' : pending;
  const typed = waited ? `${waited} ${event.key}` : event.key;
  const target = bound().find((element) => element.dataset.key === typed);
  pending = '';
  if (target) press(target);
  else if (typed === '?') showSheet();
  else if (typed === 'j') walk(1);
  else if (typed === 'k') walk(-1);
  else {
    if (bound().some((element) => element.dataset.key.startsWith(`${typed} `))) [pending, pendingSince] = [typed, event.timeStamp];
    return;
  }
  event.preventDefault();
}

export function startKeys() {
  document.addEventListener('keydown', onKey);
  document.addEventListener('click', (event) => { if (event.target.closest('[data-show-keys]')) showSheet(); });
}
