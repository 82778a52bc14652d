// The box in which a list is filtered: <div data-filter="URL"> around a combobox. While somebody types, `URL&q=…&at=…`
// says what the text means, what is wrong in it, and what may come next. Arrows choose, Enter and Tab take what is
// chosen, Escape closes. Without this script the box is an ordinary one, and the page says what is wrong.

import { mount } from './mount.js';

const WAIT_MS = 120;

function start(host) {
  const field = host.querySelector('[role=combobox]');
  const list = host.querySelector('[role=listbox]');
  const [before, wrong, after] = host.querySelector('.filter-mirror').children;
  const said = host.querySelector('.filter-said');
  let offers = [];
  let from = 0;
  let chosen = -1;
  let waiting;

  const close = () => {
    list.hidden = true;
    offers = [];
    chosen = -1;
    field.setAttribute('aria-expanded', 'false');
    field.removeAttribute('aria-activedescendant');
  };
  const choose = (place) => {
    chosen = (place + offers.length) % offers.length;
    [...list.children].forEach((option, i) => option.setAttribute('aria-selected', String(i === chosen)));
    list.children[chosen].scrollIntoView({ block: 'nearest' });
    field.setAttribute('aria-activedescendant', list.children[chosen].id);
  };
  const mark = (begin, end) => {
    before.textContent = field.value.slice(0, begin);
    wrong.textContent = field.value.slice(begin, end);
    after.textContent = field.value.slice(end);
    before.parentElement.scrollLeft = field.scrollLeft;
  };
  const take = (place) => {
    const { value } = offers[place];
    field.setRangeText(value, from, field.selectionStart, 'end');
    close();
    field.focus();
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const option = (offer, place) => {
    const shown = document.createElement('li');
    const label = document.createElement('span');
    const about = document.createElement('span');
    Object.assign(shown, { id: `${list.id}-${place}`, role: 'option', ariaSelected: 'false' });
    label.textContent = offer.label;
    about.textContent = offer.about;
    about.className = 'dim';
    shown.append(label, about);
    shown.addEventListener('pointerdown', (event) => { event.preventDefault(); take(place); });
    return shown;
  };
  const show = (answer) => {
    said.textContent = answer.wrong || answer.said;
    said.classList.toggle('wrong', Boolean(answer.wrong));
    field.toggleAttribute('aria-invalid', Boolean(answer.wrong));
    if (answer.wrong) field.setAttribute('aria-invalid', 'true');
    mark(answer.start, answer.end);
    close();
    if (!answer.offers.length || document.activeElement !== field) return;
    ({ offers, from } = answer);
    list.replaceChildren(...offers.map(option));
    list.hidden = false;
    field.setAttribute('aria-expanded', 'true');
  };
  const ask = async () => {
    const url = new URL(host.dataset.filter, document.baseURI);
    const [text, at] = [field.value, field.selectionStart];
    url.searchParams.set('q', text);
    url.searchParams.set('at', [...text.slice(0, at)].length);
    const answer = await fetch(url, { headers: { Accept: 'application/json' } });
    if (!answer.ok || field.value !== text) return;
    const found = await answer.json();
    const units = (count) => [...text].slice(0, count).join('').length; // Python counts signs, a field their parts
    show({ ...found, start: units(found.start), end: units(found.end), from: units(found.from) });
  };

  field.addEventListener('input', () => {
    mark(0, 0);
    for (const link of document.querySelectorAll('a[data-filtered]')) { // what is made of the filter as it is now
      const address = new URL(link.href);
      address.searchParams.set('q', field.value);
      link.href = address;
    }
    clearTimeout(waiting);
    waiting = setTimeout(() => ask().catch(close), WAIT_MS);
  });
  field.addEventListener('scroll', () => { before.parentElement.scrollLeft = field.scrollLeft; });
  field.addEventListener('blur', close);
  field.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' && list.hidden) ask().catch(close);
    else if (list.hidden) return;
    else if (event.key === 'ArrowDown') choose(chosen + 1);
    else if (event.key === 'ArrowUp') choose(chosen < 0 ? offers.length - 1 : chosen - 1);
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen >= 0) take(chosen);
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

export function startFilters() {
  mount('[data-filter]', start);
}
