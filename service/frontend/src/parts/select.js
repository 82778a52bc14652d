// Rows that are chosen to do the same with all of them: <input type="checkbox" data-select> in each row, by a click, with x,
// with Shift for all from the last one, or all at once. What is chosen stays so when the list is brought anew.
import { TYPING, visible } from './keys.js';

const chosen = new Set();
let last = '';

const boxes = () => [...document.querySelectorAll('[data-select]')].filter((box) => visible(box.closest('li, tr')));

function choose(box, on) {
  box.checked = on;
  if (on) chosen.add(box.value);
  else chosen.delete(box.value);
}

function chooseTo(box, on, whole) {
  const all = boxes();
  const from = whole ? all.findIndex((each) => each.value === last) : -1;
  const to = all.indexOf(box);
  const range = from < 0 ? [box] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
  range.forEach((each) => choose(each, on));
  last = box.value;
  tell();
}

// Say how many are chosen, here and in the box that chooses all.
function tell() {
  const all = boxes();
  const number = all.filter((box) => box.checked).length;
  document.querySelectorAll('[data-select-number]').forEach((each) => { each.textContent = `${number} chosen`; });
  document.querySelectorAll('[data-select-none]').forEach((each) => { each.hidden = false; });
  for (const box of document.querySelectorAll('[data-select-all]')) {
    box.hidden = false;
    box.checked = number > 0 && number === all.length;
    box.indeterminate = number > 0 && number < all.length;
  }
}

function chooseAll(on) {
  boxes().forEach((box) => choose(box, on));
  tell();
}

// The list came anew, and with it boxes that nobody has ticked.
function again() {
  const all = boxes();
  const there = new Set(all.map((box) => box.value));
  [...chosen].filter((each) => !there.has(each)).forEach((each) => chosen.delete(each));
  all.forEach((box) => { box.checked = chosen.has(box.value); });
  tell();
}

function rowAtHand() {
  const rows = [...document.querySelectorAll('[data-row]')].filter(visible);
  const row = rows.find((each) => each === document.activeElement) ?? document.activeElement?.closest('li, tr')?.querySelector('[data-row]')
    ?? rows.find((each) => each.getAttribute('aria-current') === 'true') ?? rows[0];
  return row?.closest('li, tr')?.querySelector('[data-select]');
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.key.toLowerCase() !== 'x') return;
  if (event.target.closest?.(TYPING) || document.querySelector('dialog[open]')) return;
  const box = rowAtHand();
  if (!box) return;
  const toHere = event.key === 'X';
  chooseTo(box, toHere || !box.checked, toHere);
  event.preventDefault();
}

export function startSelecting() {
  if (!document.querySelector('[data-select-all]')) return;
  document.addEventListener('keydown', onKey);
  document.addEventListener('click', (event) => {
    const box = event.target.closest('[data-select]');
    if (box) chooseTo(box, box.checked, event.shiftKey);
    else if (event.target.closest('[data-select-all]')) chooseAll(event.target.checked);
    else if (event.target.closest('[data-select-none]')) chooseAll(false);
  });
  document.addEventListener('htmx:after:swap', again);
  window.addEventListener('pageshow', () => { // going back, the browser ticks what was ticked
    boxes().filter((box) => box.checked).forEach((box) => chosen.add(box.value));
    tell();
  });
  tell();
}
