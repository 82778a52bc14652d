// Times: the server writes them in UTC, readable as they are; here they get the reader's zone and language.
//   <time datetime="…Z" data-time="ago">   "3 hours ago", the exact time as its title
//   <time datetime="…Z" data-time="exact"> "21 Nov 2026, 16:04"
import { language, spoken } from './words.js';

const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'long' });
const exact = new Intl.DateTimeFormat(language === 'en' ? undefined : language, { dateStyle: 'medium', timeStyle: 'short' });
const UNITS = [['year', 31536000], ['month', 2592000], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60]];

export function ago(when, now = Date.now()) {
  const seconds = (when - now) / 1000;
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  return unit ? relative.format(Math.trunc(seconds / unit[1]), unit[0]) : spoken('just now');
}

function word(root = document) {
  for (const time of root.querySelectorAll('time[data-time]')) {
    const when = new Date(time.dateTime);
    if (Number.isNaN(when.valueOf())) continue;
    time.title = exact.format(when);
    time.textContent = time.dataset.time === 'ago' ? ago(when) : exact.format(when);
  }
}

export function startTimes() {
  word();
  document.addEventListener('htmx:after:swap', () => word());
  setInterval(word, 30000);
}
