// Lists of tasks keep up without jumping: <div id="rows" data-live="URL">, <div data-news role="status"> above it, and the task
// beside it, [data-task]. Now and then, while somebody looks, the URL says which rows there are by now, in which version. What is
// new is announced; a click, or the key ".", takes it in (the host's own request on `merge`). What has changed or gone says so in
// its row. Nothing moves by itself. The menu's numbers follow, and so does who else looks at the task.
import { later, spoken } from './words.js';

const EVERY_MS = 15000;
const LONGEST_MS = 120000; // after failures
const COUNTS = [['fresh', later('{n} new')], ['changed', later('{n} changed')], ['gone', later('{n} gone')]];

let etag = '';
let asked = '';
let pause = EVERY_MS;
let timer = 0;

const host = () => document.querySelector('[data-live]');
const rows = () => [...document.querySelectorAll('#rows [data-row-version]')];

function address() {
  const url = new URL(host().dataset.live, document.baseURI);
  const text = document.querySelector('.list-filter [name=q]')?.value.trim();
  const after = document.getElementById('rows-after')?.value;
  const task = document.querySelector('[data-task]');
  if (text) url.searchParams.set('q', text);
  if (after) url.searchParams.set('after', after);
  if (task) url.searchParams.set('task', task.dataset.task);
  if (task && 'taskOpened' in task.dataset) url.searchParams.set('at', '1');
  return url.href;
}

// Say in a row what became of it; the line is there already, so that nothing moves.
function note(row, text, kind) {
  row.classList.toggle('gone', kind === 'bad');
  let said = row.querySelector('.row-note');
  if (!text) return said?.remove();
  if (!said) {
    said = document.createElement('span');
    row.querySelector('.row-about').append(said);
  }
  said.className = `tag row-note ${kind}`;
  said.textContent = text;
  return said;
}

function compare(now, full) {
  const there = Object.keys(now);
  const shown = new Map(rows().map((row) => [row.id.slice('task-'.length), row]));
  const found = { fresh: there.filter((id) => !shown.has(id)).length, changed: 0, gone: 0 };
  for (const [id, row] of shown) {
    const isGone = !(id in now) && there.length < full; // of a whole page, others may only have come before it
    const isChanged = id in now && String(now[id]) !== row.dataset.rowVersion;
    found.gone += isGone;
    found.changed += isChanged;
    note(row, isGone ? spoken('no longer here') : isChanged ? spoken('changed') : '', isGone ? 'bad' : 'info');
  }
  return found;
}

function announce(found) {
  const news = document.querySelector('[data-news]');
  const text = COUNTS.filter(([kind]) => found[kind]).map(([kind, word]) => spoken(word, { n: found[kind] })).join(', ');
  const button = news.querySelector('button');
  if (!text) return button?.remove();
  if (button) {
    if (button.firstChild.textContent !== text) button.firstChild.textContent = text;
    return undefined;
  }
  const made = document.createElement('button');
  const hint = document.createElement('kbd');
  Object.assign(made, { type: 'button', className: 'button small primary', textContent: text });
  Object.assign(made.dataset, { key: '.', keyLabel: spoken('Show what is new'), merge: '' });
  Object.assign(hint, { className: 'hint', textContent: '.', ariaHidden: 'true' });
  made.append(hint);
  return news.append(made);
}

function numbers(menu) {
  for (const link of document.querySelectorAll('#menu-entries a')) {
    const [count, tone] = menu[link.getAttribute('href')] ?? [];
    if (count === undefined) continue;
    let shown = link.querySelector('.count');
    if (!count) shown?.remove();
    else {
      if (!shown) link.append(shown = document.createElement('span'));
      shown.className = `count ${tone}`;
      shown.textContent = count;
    }
  }
}

function beside(task) {
  const pane = document.querySelector('[data-task]');
  if (!pane) return;
  const news = pane.querySelector('[data-task-news]');
  const here = pane.querySelector('[data-here]');
  if (here && here.textContent !== (task?.here ?? '')) here.textContent = task?.here ?? '';
  const said = task === null ? spoken('You no longer see this task.') : task.said;
  const changed = task === null || String(task.version) !== pane.dataset.taskVersion;
  if (!changed || (!news.hidden && news.querySelector('[data-task-said]').textContent === said)) return;
  news.querySelector('[data-task-said]').textContent = said;
  news.hidden = false;
}

async function look() {
  const url = address();
  const headers = { Accept: 'application/json', 'X-Watching': 'yes' };
  if (etag && asked === url) headers['If-None-Match'] = etag;
  const answer = await fetch(url, { headers, cache: 'no-store' });
  if (answer.status === 304) return;
  if (!answer.ok) throw new Error(answer.status);
  const found = await answer.json();
  if (!host() || address() !== url) return; // it shows something else by now
  [etag, asked] = [answer.headers.get('ETag') ?? '', url];
  const news = compare(found.rows, found.full);
  if (news.fresh && !rows().length) host().dispatchEvent(new Event('merge')); // nothing is there that could move
  else announce(news);
  numbers(found.menu);
  if ('task' in found) beside(found.task);
}

function wait() {
  clearTimeout(timer);
  if (document.visibilityState !== 'visible') return; // whoever comes back asks at once
  timer = setTimeout(now, pause);
}

function now() {
  clearTimeout(timer);
  if (!host()) return;
  look().then(() => { pause = EVERY_MS; }, () => { pause = Math.min(pause * 2, LONGEST_MS); }).finally(wait);
}

export function startLive() {
  if (!host()) return;
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') now(); });
  document.addEventListener('click', (event) => {
    if (!event.target.closest('[data-merge]')) return;
    document.querySelector('[data-news]').replaceChildren();
    host().dispatchEvent(new Event('merge'));
  });
  document.addEventListener('htmx:after:swap', (event) => {
    if (!['rows', 'task'].includes(event.detail.ctx?.target?.id)) return;
    etag = '';
    if (event.detail.ctx.target.id === 'rows') document.querySelector('[data-news]').replaceChildren();
    now();
  });
  now();
}
