// On every page: htmx, messages, times, theme, keyboard. Pages work without it, as full loads.
import 'htmx.org/dist/htmx.esm.js';
import { startBoard } from './parts/board.js';
import { startDialogs } from './parts/dialog.js';
import { isUnsent, startDrafts } from './parts/drafts.js';
import { startDropping } from './parts/drop.js';
import { startFilters } from './parts/filter.js';
import { startLive } from './parts/live.js';
import { startKeys } from './parts/keys.js';
import { startOrder } from './parts/order.js';
import { startPalette } from './parts/palette.js';
import { startPaper } from './parts/paper.js';
import { startPlace } from './parts/place.js';
import { startSelecting } from './parts/select.js';
import { startSending } from './parts/send.js';
import { startSuggestions } from './parts/suggest.js';
import { startTheme } from './parts/theme.js';
import { startTimes } from './parts/time.js';
import { startToasts, toast } from './parts/toast.js';
import { startWatching } from './parts/watch.js';
import { later, spoken } from './parts/words.js';

startBoard();
startDialogs();
startDropping();
startFilters();
startLive();
startKeys();
startOrder();
startPalette();
startPaper();
startPlace();
startSelecting();
startSending();
startDrafts();
startWatching();
startSuggestions();
startTheme();
startTimes();
startToasts();

// A double click on "Complete" must not send twice.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.sent !== undefined) event.preventDefault();
  else if (form.method === 'post' && !form.matches('[hx-post], .fjs-form')) form.dataset.sent = '';
});
window.addEventListener('pageshow', () => {
  document.querySelectorAll('form[data-sent]').forEach((form) => delete form.dataset.sent);
});

// <textarea data-send-keys>: Ctrl and Enter send its form.
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || !event.target.matches('[data-send-keys]')) return;
  event.preventDefault();
  event.target.form.requestSubmit(event.target.form.querySelector('.primary'));
});
// <input data-copy>: a click takes the text along.
document.addEventListener('click', async (event) => {
  const field = event.target.closest('[data-copy]');
  if (!field) return;
  field.select();
  await navigator.clipboard?.writeText(field.value);
  toast(spoken('Copied'));
});

// A row opened beside its list: on a phone the list makes room for it; nothing typed is thrown away unasked.
const UNSENT = later('What you typed is not sent yet. Leave it?');
document.addEventListener('htmx:before:request', (event) => {
  const { target, sourceElement } = event.detail.ctx ?? {};
  if (target?.id !== 'task' || !sourceElement?.matches('[data-row]')) return;
  if (isUnsent(target) && !window.confirm(spoken(UNSENT))) event.preventDefault();
});
document.addEventListener('htmx:after:swap', (event) => {
  if (event.detail.ctx?.target?.id !== 'task') return;
  document.body.dataset.focus = 'main';
  window.scrollTo(0, 0);
});
