// On every page: htmx, messages, times, theme, keyboard. Pages work without it, as full loads.
import 'htmx.org/dist/htmx.esm.js';
import { startDialogs } from './parts/dialog.js';
import { startKeys } from './parts/keys.js';
import { startTheme } from './parts/theme.js';
import { startTimes } from './parts/time.js';
import { startToasts } from './parts/toast.js';

startDialogs();
startKeys();
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
