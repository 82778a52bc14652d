// The palette: Ctrl K (⌘ K) opens it everywhere, also while somebody types. Pages (of the menu) and actions (whatever on this
// page has a key) are found at once, their letters in order with others between; tasks, cases and people come from the server.
// Arrows, Home and End choose, Enter goes there (with Ctrl or ⌘ in a new tab), Escape closes and the focus goes back.

import { label, press } from './keys.js';
import { later, spoken } from './words.js';

const WAIT_MS = 120;
const OWN = 6; // pages and actions shown for a text

// How well `text` fits `wanted`: 0 not at all; more for the beginnings of words and for letters side by side.
export function fits(text, wanted) {
  const [letters, sought] = [text.toLowerCase(), wanted.toLowerCase().replace(/\s+/g, '')];
  let [at, score, beside] = [0, 0, 0];
  for (const letter of sought) {
    const found = letters.indexOf(letter, at);
    if (found < 0) return 0;
    const begins = found === 0 || /[^\p{L}\p{N}]/u.test(letters[found - 1]);
    beside = found === at && at > 0 ? beside + 1 : 0;
    score += 1 + (begins ? 3 : 0) + beside * 2 - Math.min(found - at, 8) / 16;
    at = found + 1;
  }
  return Math.max(score, 0.1) + (letters.startsWith(sought) ? 10 : 0);
}

const visible = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? true;

function pages() {
  return [...document.querySelectorAll('#menu-entries a, #me-menu a')].map((link) => (
    { label: label(link).replace(/^Go to (your )?/, '').replace(/^./, (first) => first.toUpperCase()), about: '', href: link.href, symbol: 'arrow-right', keys: link.dataset.key }
  ));
}

function actions() {
  return [...document.querySelectorAll('main [data-key]')].filter((each) => visible(each) && !each.disabled).map((each) => (
    { label: label(each), about: '', act: () => press(each), symbol: 'keyboard', keys: each.dataset.key }
  ));
}

function start(dialog) {
  const field = dialog.querySelector('[role=combobox]');
  const list = dialog.querySelector('[role=listbox]');
  const said = dialog.querySelector('[data-palette-said]');
  const symbols = dialog.querySelector('[data-palette-symbols]').content;
  let [items, chosen, moved, waiting, asked] = [[], -1, false, 0, '']; // moved: somebody chose another than the first
  let [own, found] = [[], []];

  const choose = (place) => {
    if (!items.length) return;
    chosen = (place + items.length) % items.length;
    const options = list.querySelectorAll('[role=option]');
    options.forEach((option, i) => option.setAttribute('aria-selected', String(i === chosen)));
    options[chosen].scrollIntoView({ block: 'nearest' });
    field.setAttribute('aria-activedescendant', options[chosen].id);
  };
  const take = (place, aside) => {
    const item = items[place];
    if (!item) return;
    if (item.href && aside) { window.open(item.href, '_blank', 'noopener'); return; }
    dialog.close();
    if (item.href) window.location.assign(item.href);
    else requestAnimationFrame(item.act); // the focus has gone back by then
  };
  const option = (item, place) => {
    const shown = document.createElement('div');
    const text = document.createElement('span');
    const about = document.createElement('span');
    Object.assign(shown, { id: `palette-${place}`, className: 'palette-item', role: 'option', ariaSelected: 'false' });
    const symbol = symbols.querySelector(`[data-symbol="${item.symbol}"]`);
    if (symbol) shown.append(symbol.firstElementChild.cloneNode(true));
    text.textContent = item.label;
    text.className = 'palette-label';
    about.textContent = item.about;
    about.className = 'dim palette-about';
    shown.append(text, about);
    for (const key of item.keys?.split(' ') ?? []) {
      const cap = document.createElement('kbd');
      cap.textContent = key;
      cap.className = 'hint';
      cap.ariaHidden = 'true';
      shown.append(cap);
    }
    shown.addEventListener('pointermove', () => { if (chosen !== place) { moved = true; choose(place); } });
    shown.addEventListener('click', (event) => take(place, event.ctrlKey || event.metaKey));
    return shown;
  };
  const show = () => {
    const groups = [...found, ...own].filter((group) => group.items.length);
    const kept = moved ? items[chosen] : null;
    items = groups.flatMap((group) => group.items);
    list.replaceChildren(...groups.map(({ title, items: members }, i) => {
      const part = document.createElement('div');
      const heading = document.createElement('div');
      Object.assign(heading, { id: `palette-group-${i}`, className: 'palette-heading', textContent: title });
      heading.setAttribute('role', 'presentation');
      part.setAttribute('role', 'group');
      part.setAttribute('aria-labelledby', heading.id);
      part.append(heading, ...members.map((item) => option(item, items.indexOf(item))));
      return part;
    }));
    field.removeAttribute('aria-activedescendant');
    said.textContent = items.length ? spoken(items.length === 1 ? later('{n} result') : later('{n} results'), { n: items.length }) : spoken('Nothing fits');
    const again = kept ? items.findIndex((item) => item.label === kept.label && item.href === kept.href) : -1;
    chosen = -1;
    if (items.length) choose(Math.max(again, 0));
    else {
      const nothing = document.createElement('p');
      nothing.className = 'dim palette-nothing';
      nothing.textContent = spoken('Nothing fits.');
      list.replaceChildren(nothing);
    }
  };
  const fitting = (all, text) => all.map((item) => [fits(item.label, text), item]).filter(([score]) => score)
    .sort(([one], [other]) => other - one).slice(0, OWN).map(([, item]) => item);
  const ask = async (text) => {
    asked = text;
    const url = new URL(dialog.dataset.palette, document.baseURI);
    url.searchParams.set('q', text);
    const answer = await fetch(url, { headers: { Accept: 'application/json' } });
    if (asked !== text) return;
    if (answer.ok) found = (await answer.json()).groups;
    else found = [{ title: answer.status === 429 ? spoken('Too many searches; wait a moment') : spoken('The server did not answer'), items: [] }];
    list.removeAttribute('aria-busy');
    show();
  };
  const look = () => {
    const text = field.value.trim();
    moved = false;
    own = text ? [{ title: spoken('Actions'), items: fitting(actions(), text) }, { title: spoken('Pages'), items: fitting(pages(), text) }]
      : [{ title: spoken('On this page'), items: actions().slice(0, OWN) }, { title: spoken('Pages'), items: pages().slice(0, OWN) }];
    if (text.length < 2) found = [];
    show();
    clearTimeout(waiting);
    asked = text;
    if (text.length === 1) return;
    list.ariaBusy = 'true';
    waiting = setTimeout(() => ask(text).catch(() => { found = []; show(); }), text ? WAIT_MS : 0);
  };
  const open = () => {
    if (dialog.open || document.querySelector('dialog[open]')) return;
    field.value = '';
    [found, items, chosen] = [[], [], -1];
    dialog.showModal();
    field.focus();
    look();
  };

  field.addEventListener('input', look);
  dialog.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }[event.key];
    if (step) moved = true;
    if (step) choose(Math.abs(step) === 1 ? chosen + step : Math.max(0, Math.min(items.length - 1, chosen + step)));
    else if (event.key === 'Home' && event.ctrlKey) choose(0);
    else if (event.key === 'End' && event.ctrlKey) choose(items.length - 1);
    else if (event.key === 'Enter' && event.target === field) take(chosen, event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.addEventListener('click', (event) => { if (event.target.closest('[data-show-palette]')) open(); });
}

export function startPalette() {
  const dialog = document.querySelector('[data-palette]');
  if (dialog) start(dialog);
}
