// What form-js leaves to its surroundings, done again whenever it draws: dates, amounts and lengths of time are written
// for people where they are only read, and a group of choices gets its question as its name. The form's data stays as it is.
import { language, later, spoken } from './words.js';

const DAY = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
const READ_ONLY = '.fjs-form-field-text, .fjs-table-td, .fjs-form-field-html';
const UNITS = {
  Y: [later('{n} year'), later('{n} years')], M: [later('{n} month'), later('{n} months')], W: [later('{n} week'), later('{n} weeks')],
  D: [later('{n} day'), later('{n} days')], H: [later('{n} hour'), later('{n} hours')],
};
const BETWEEN = Object.fromEntries(new Intl.NumberFormat(language, { useGrouping: true }).formatToParts(12345.6).map(({ type, value }) => [type, value]));
let count = 0;

const grouped = (digits) => {
  const [whole, part] = digits.split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, BETWEEN.group) + (part ? `${BETWEEN.decimal}${part.padEnd(2, '0')}` : '');
};

const counted = (number, [one, many]) => spoken(Number(number) === 1 ? one : many, { n: number });

export function readable(text) {
  return text
    .replace(/(?<![\w-])(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w-])/g, (all, day, time) => {
      const date = new Date(`${day}T00:00:00Z`);
      return Number.isNaN(date.valueOf()) ? all : DAY.format(date) + (time ? `, ${time}` : '');
    })
    .replace(/([€$£]\s?-?)(\d{4,}(?:\.\d+)?|\d+\.\d)(?![\d.,]*\d)/g, (_, sign, digits) => sign.replace(' ', '\u00a0') + grouped(digits))
    .replace(/(?<![\w-])P(\d{1,4})([YMWD])(?![\w-])/g, (_, number, unit) => counted(number, UNITS[unit]))
    .replace(/(?<![\w-])PT(\d{1,4})H(?![\w-])/g, (_, hours) => counted(hours, UNITS.H));
}

// A table of a form names the currency in the column's head: then its numbers are amounts.
function amounts(canvas) {
  for (const cell of canvas.querySelectorAll('td.fjs-table-td')) {
    const head = cell.closest('table')?.tHead?.rows[0]?.cells[cell.cellIndex]?.textContent ?? '';
    const text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT).nextNode(); // changed, not replaced: it is form-js' own
    if (text && /[€$£]/.test(head) && /^-?\d{4,}(\.\d+)?$/.test(text.data)) text.data = grouped(text.data);
  }
}

function words(canvas) {
  for (const part of canvas.querySelectorAll(READ_ONLY)) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const said = readable(texts.currentNode.data);
      if (said !== texts.currentNode.data) texts.currentNode.data = said;
    }
  }
}

function inputs(canvas) {
  for (const input of canvas.querySelectorAll('.fjs-form-field-number input[readonly], .fjs-form-field-textfield input[readonly]')) {
    const isNumber = input.closest('.fjs-form-field-number') && /^\d{4,}(\.\d+)?$/.test(input.value);
    const said = isNumber ? grouped(input.value) : readable(input.value);
    if (said !== input.value) input.value = said;
  }
}

function groups(canvas) {
  for (const field of canvas.querySelectorAll('.fjs-form-field-radio, .fjs-form-field-checklist')) {
    const label = field.querySelector(':scope > .fjs-form-field-label');
    if (!label || field.hasAttribute('role')) continue;
    label.id ||= `choices-${count += 1}`;
    field.setAttribute('role', field.matches('.fjs-form-field-radio') ? 'radiogroup' : 'group');
    field.setAttribute('aria-labelledby', label.id);
  }
}

export function startReading(canvas, form) {
  const pass = () => { words(canvas); amounts(canvas); inputs(canvas); groups(canvas); };
  new MutationObserver(pass).observe(canvas, { childList: true, subtree: true, characterData: true });
  form.on('changed', () => requestAnimationFrame(pass));
  pass();
}
