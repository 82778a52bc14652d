// <p data-version="12" data-version-of="URL" hidden>: is shown once the URL says another version. Asked for only while
// somebody looks at the page; what they are doing on it goes on undisturbed. A page that nobody uses is still signed out in time.
import { leave } from './drafts.js';

const EVERY_MS = 20000;

async function look(hint, query = '') {
  if (!hint.hidden || document.visibilityState !== 'visible') return;
  const answer = await fetch(hint.dataset.versionOf + query, { headers: { Accept: 'application/json', 'X-Watching': 'yes' } });
  if (answer.ok && String(await answer.json()) !== hint.dataset.version) hint.hidden = false;
}

export function startWatching() {
  const hint = document.querySelector('[data-version-of]');
  if (!hint) return;
  look(hint, '?seen=1').catch(() => {}); // whoever looks finds the case again among those that they looked at last
  const ask = () => look(hint).catch(() => {}); // away for a moment: it asks again
  setInterval(ask, EVERY_MS);
  document.addEventListener('visibilitychange', ask);
  hint.addEventListener('click', (event) => { if (event.target.closest('a')) leave(); }); // what was typed comes back
}
