// Suggestions below a field: <input data-suggest="URL"> is asked for `URL?q=…` while somebody types and gets
// [{value, label, about}]; in a <textarea data-suggest-after="@"> only what is typed after that sign counts.
// Arrows choose, Enter or Tab takes, Escape closes. Without this script the field is an ordinary one.
import { spoken } from './words.js';

const WAIT_MS = 150;
let open = null; // {field, list, items, chosen}
let count = 0;

// What is being typed: the whole field, or the word after the sign before the caret; null when there is none.
function typed(field) {
  const sign = field.dataset.suggestAfter;
  if (!sign) return field.value.trim() ? { text: field.value.trim(), from: 0, to: field.value.length } : null;
  const before = field.value.slice(0, field.selectionStart);
  const at = before.lastIndexOf(sign);
  const text = before.slice(at + 1);
  if (at < 0 || /[^\w.+-]/.test(text) || /[\w@./]$/.test(before.slice(0, at))) return null;
  return { text, from: at, to: field.selectionStart };
}

function close() {
  if (!open) return;
  open.list.remove();
  open.field.removeAttribute('aria-activedescendant');
  open.field.removeAttribute('aria-controls');
  open = null;
}

function choose(place) {
  const { items, list, field } = open;
  open.chosen = (place + items.length) % items.length;
  [...list.children].forEach((option, i) => option.setAttribute('aria-selected', String(i === open.chosen)));
  const option = list.children[open.chosen];
  option.scrollIntoView({ block: 'nearest' });
  field.setAttribute('aria-activedescendant', option.id);
}

function take(place) {
  const { field, items } = open;
  const word = typed(field);
  const sign = field.dataset.suggestAfter ?? '';
  if (word) field.setRangeText(sign + items[place].value + (sign ? ' ' : ''), word.from, word.to, 'end');
  close();
  field.focus();
}

function option(item, place, id) {
  const shown = document.createElement('li');
  const label = document.createElement('span');
  const about = document.createElement('span');
  Object.assign(shown, { id: `${id}-${place}`, role: 'option', ariaSelected: 'false' });
  label.textContent = item.label;
  about.textContent = item.about ?? '';
  about.className = 'dim';
  shown.append(label, about);
  shown.addEventListener('pointerdown', (event) => { event.preventDefault(); take(place); });
  return shown;
}

function show(field, items) {
  close();
  if (!items.length || document.activeElement !== field) return;
  const list = document.createElement('ul');
  const id = `suggestions-${count += 1}`;
  Object.assign(list, { id, role: 'listbox', className: 'suggestions', ariaLabel: spoken('Suggestions') });
  list.append(...items.map((item, place) => option(item, place, id)));
  field.after(list);
  field.setAttribute('aria-controls', id);
  open = { field, list, items, chosen: -1 };
  choose(0);
}

async function ask(field) {
  const word = typed(field);
  if (!word) return close();
  const url = new URL(field.dataset.suggest, document.baseURI);
  url.searchParams.set('q', word.text);
  const answer = await fetch(url, { headers: { Accept: 'application/json' } });
  if (answer.ok && typed(field)?.text === word.text) show(field, await answer.json());
}

function onKey(event) {
  if (!open || event.target !== open.field) return;
  if (event.key === 'ArrowDown') choose(open.chosen + 1);
  else if (event.key === 'ArrowUp') choose(open.chosen - 1);
  else if (event.key === 'Enter' || event.key === 'Tab') take(open.chosen);
  else if (event.key === 'Escape') close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export function startSuggestions() {
  let waiting;
  document.addEventListener('input', ({ target }) => {
    if (!target.matches?.('[data-suggest]')) return;
    target.autocomplete = 'off';
    target.setAttribute('aria-autocomplete', 'list');
    clearTimeout(waiting);
    waiting = setTimeout(() => ask(target).catch(close), WAIT_MS);
  });
  document.addEventListener('keydown', onKey, true);
  document.addEventListener('focusout', ({ target }) => { if (open?.field === target) close(); });
}
