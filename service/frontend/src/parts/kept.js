// What is typed into a form is kept on the server too (api/drafts.py), for this person alone, about a second after it was
// typed: <div data-form data-draft="URL"> with what is kept in <script data-kept>.
//
// In this tab `drafts.js` keeps {values, was, base, version, saved}: `values` as far as they differ from what the form was
// shown with, that itself (`was`), the values and the version on the server that they go on from, and whether they are there.
// Who typed elsewhere meanwhile, or whose case changed, is shown both, field by field, and chooses (compare.js).
import { signInAgain, store, stored } from './drafts.js';
import { renewed } from './token.js';
import { spoken } from './words.js';

const SOON = 1000; // ms after something was typed
const AGAIN = 8000; // ms until the next try, when the server could not be reached
const BEACON = 60000; // characters that a browser still sends when its page is left

const said = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const inOrder = (_name, value) => (value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value);
const text = (value) => JSON.stringify(value ?? null, inOrder);
const pick = (values, names) => Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));

/** Whether two values are the same; nothing is the same as null. */
export const same = (one, other) => text(one) === text(other);

/**
 * What there is to take up of what the server has (`kept`) and this tab (`local`, or null), where the form shows `now`:
 * {values, was, choices, since, gone}. `choices`: name → {yours, elsewhere, now}, what somebody has to choose between.
 */
export function takenUp(kept, local, now) {
  const ended = local && local.version !== kept.version && local.saved; // all of it was on the server, which has gone on
  const mine = ended ? null : local;
  const { values, choices } = mine ? merged(kept.values, mine, kept.version) : { values: { ...kept.values }, choices: {} };
  const was = { ...kept.was, ...mine?.was };
  for (const [name, value] of Object.entries(values)) {
    if (same(was[name], now[name]) || same(value, now[name])) continue;
    choices[name] = { yours: value, ...choices[name], now: now[name] ?? null };
  }
  const since = kept.saved_at && same(values, kept.values) ? said.format(new Date(kept.saved_at)) : '';
  return { values, was, choices, since, gone: kept.gone ?? {} };
}

// What both have changed since they last were one (`base`) has to be chosen for.
function merged(theirs, { values: mine, base = {}, version }, newest) {
  if (version === newest) return { values: { ...mine }, choices: {} };
  const [values, choices, before] = [{}, {}, version < newest ? base : {}];
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const value = !same(theirs[name], mine[name]) && same(mine[name], before[name]) ? theirs[name] : mine[name];
    if (value !== undefined) values[name] = value;
    if ([mine[name], before[name]].some((each) => same(theirs[name], each)) || same(mine[name], before[name])) continue;
    choices[name] = { yours: mine[name] ?? null, elsewhere: theirs[name] ?? null };
  }
  return { values, choices };
}

/** What this tab has of the form of `host`, or null. */
export function local(where) {
  const found = stored(where);
  return found?.values && typeof found.version === 'number' ? found : null;
}

/**
 * Keep what is typed into the form of `host`, which begins with `taken` (of `takenUp`), or with nothing.
 * `onElsewhere(draft)`: it was typed into elsewhere since.
 */
export function keeping(host, kept, taken, onElsewhere) {
  const { values = {}, was = {} } = taken ?? {};
  const keep = { host, version: kept.version, base: kept.values, values, was: { ...was }, saved: same(values, kept.values), waiting: false, over: false, busy: null, timer: null, onElsewhere };
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') save(keep); });
  window.addEventListener('pagehide', () => save(keep));
  window.addEventListener('online', () => plan(keep, 0));
  return keep;
}

/** Save nothing until somebody has chosen between what is here and the draft of this version elsewhere. */
export function waitFor(keep, since) {
  keep.waiting = true;
  keep.version = since;
  hold(keep);
}

/** Everything is chosen: it goes on from that `draft`. */
export function goOnFrom(keep, { version, values }) {
  Object.assign(keep, { waiting: false, saved: false, version, base: values });
  hold(keep);
  plan(keep, 0);
}

/** `values` (those that differ from `now`) are in the form. */
export function typed(keep, values, now) {
  const names = Object.keys(values);
  const added = names.filter((name) => !Object.hasOwn(keep.values, name));
  keep.was = { ...pick(keep.was, names), ...pick(now, added) };
  keep.saved = keep.saved && same(values, keep.values);
  keep.values = values;
  hold(keep);
  plan(keep, SOON);
}

/** Somebody chose for the fields `names`: they are compared with the case as it is `now` from here on. */
export function chosen(keep, names, now) {
  for (const name of names) delete keep.was[name];
  Object.assign(keep.was, pick(now, names));
  keep.saved = false;
}

/** Keep no more: the form is sent, or begun afresh. Waits for what is on its way. */
export async function end(keep) {
  keep.over = true;
  clearTimeout(keep.timer);
  await keep.busy;
}

/** Go on keeping: sending was refused. */
export function goOn(keep) {
  keep.over = false;
  if (!keep.saved) plan(keep, SOON);
}

/** Let the draft be empty, here and on the server. */
export async function empty(keep) {
  await end(keep);
  const nothing = (version) => send(keep, { values: {}, was: {}, version });
  const answer = await nothing(keep.version);
  if (answer.status !== 409) return;
  const draft = await read(keep); // saved as an earlier page was left
  if (draft) await nothing(draft.version);
}

function hold(keep) {
  const { values, was, base, version, saved } = keep;
  const isEmpty = !Object.keys({ ...values, ...base }).length;
  store(keep.host.dataset.action, isEmpty ? null : { values, was, base, version, saved });
}

function plan(keep, after) {
  if (keep.over || keep.saved || keep.waiting || (keep.timer && after)) return;
  clearTimeout(keep.timer);
  keep.timer = setTimeout(() => { keep.timer = null; save(keep); }, after);
}

function save(keep) {
  if (keep.over || keep.saved || keep.waiting) return;
  if (keep.busy) { plan(keep, SOON); return; }
  clearTimeout(keep.timer);
  keep.timer = null;
  keep.busy = saved(keep).catch(() => tell(keep, spoken('Offline: kept in this browser.'), AGAIN)).finally(() => { keep.busy = null; });
}

async function saved(keep) {
  const { values } = keep;
  const body = { values, was: pick(keep.was, Object.keys(values)), version: keep.version };
  let answer = await send(keep, body);
  const token = answer.status === 403 && await renewed(keep.host.dataset.csrf);
  if (token) {
    keep.host.dataset.csrf = token;
    answer = await send(keep, body);
  }
  if (answer.ok) return done(keep, values, await answer.json());
  if (keep.over) return undefined;
  if (answer.status === 401) return tell(keep, spoken('You have been signed out: kept in this browser. '), AGAIN, signInAgain());
  if (answer.status === 409) return refused(keep, await answer.json());
  const said = /json/.test(answer.headers.get('Content-Type') ?? '') ? (await answer.json()).detail : '';
  return tell(keep, spoken('Not saved: {why}', { why: said || spoken('the server answered {status}.', { status: answer.status }).replace(/\.$/, '') }), answer.status >= 500 || answer.status === 429 ? AGAIN : 0);
}

async function read(keep) {
  const answer = await fetch(keep.host.dataset.draft, { headers: { Accept: 'application/json' } });
  return answer.ok ? answer.json() : null;
}

function send(keep, body) {
  const written = JSON.stringify(body);
  return fetch(keep.host.dataset.draft, {
    method: 'PUT',
    body: written,
    keepalive: written.length < BEACON,
    headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-CSRFToken': keep.host.dataset.csrf ?? '' },
  });
}

function done(keep, values, draft) {
  Object.assign(keep, { version: draft.version, base: values, saved: same(values, keep.values) });
  hold(keep);
  tell(keep, Object.keys(values).length ? spoken('Draft saved, {time}', { time: clock.format(new Date(draft.saved_at)) }) : '');
  if (!keep.saved) plan(keep, SOON);
}

// Somebody typed in another tab or on another machine; or the task is closed.
async function refused(keep, { detail }) {
  const draft = await read(keep);
  if (!draft || draft.version === keep.version || !draft.version) return tell(keep, spoken('Not saved: {why}', { why: detail }));
  tell(keep, spoken('Not saved yet: you typed elsewhere too.'));
  return keep.onElsewhere(draft);
}

function tell(keep, words, again = 0, link = null) {
  const place = keep.host.querySelector('[data-draft-state]');
  if (place && place.textContent !== words) place.replaceChildren(words, ...(link ? [link] : []));
  if (again) plan(keep, again);
}
