// The board: a card is dragged into a column, or moved by keyboard: arrows go from card to card, `m` asks where to.
// What a move does is decided by the server; what it refuses is said, and the card stays where it was.
import { toast } from './toast.js';
import { later, spoken } from './words.js';

const OFFLINE = later('The server could not be reached. Nothing was moved: try again.');
const STEPS = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

const cardsOf = (column) => [...column.querySelectorAll('[data-card]')];
const linkOf = (card) => card.querySelector('a');

async function move(board, card, column) {
  const { moves, by, q } = board.dataset;
  const { card: id } = card.dataset;
  card.ariaBusy = 'true';
  try {
    const answer = await fetch(moves, {
      method: 'POST',
      body: new URLSearchParams({ by, q, card: id, to: column.dataset.column }),
      headers: { Accept: 'application/json, application/problem+json', 'X-CSRFToken': document.querySelector('#move-card [name=csrf_token]').value },
    });
    const body = await answer.json();
    if (answer.ok) window.location.assign(body.location);
    else toast(body.detail ?? body.title, 'bad');
  } catch {
    toast(spoken(OFFLINE), 'bad');
  }
  card.ariaBusy = null;
}

function ask(card) {
  const dialog = document.getElementById('move-card');
  const select = dialog.querySelector('select');
  const here = card.closest('[data-column]').dataset.column;
  dialog.querySelector('[name=card]').value = card.dataset.card;
  dialog.querySelector('[data-moved]').textContent = linkOf(card).textContent;
  [...select.options].forEach((option) => { option.disabled = option.value === here; });
  select.value = [...select.options].find((option) => !option.disabled)?.value ?? '';
  dialog.showModal();
  select.focus();
}

function step(board, card, [across, down]) {
  const columns = [...board.querySelectorAll('[data-column]')].filter((column) => cardsOf(column).length);
  const column = columns.indexOf(card.closest('[data-column]'));
  const place = cardsOf(columns[column]).indexOf(card);
  const cards = cardsOf(columns[column + across] ?? columns[column]);
  const next = across ? cards[Math.min(place, cards.length - 1)] : cards[place + down];
  if (next) linkOf(next).focus();
}

function startDragging(board) {
  let dragged = null;
  const columnAt = (event) => event.target.closest?.('[data-column]');
  const clear = () => board.querySelectorAll('.taking').forEach((each) => each.classList.remove('taking'));
  board.addEventListener('dragstart', (event) => {
    dragged = event.target.closest('[data-card]');
    if (!dragged) return;
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', dragged.dataset.card);
    dragged.classList.add('dragged');
  });
  board.addEventListener('dragover', (event) => {
    const column = columnAt(event);
    if (!dragged || !column) return;
    event.preventDefault();
    clear();
    if (column !== dragged.closest('[data-column]')) column.classList.add('taking');
  });
  board.addEventListener('drop', (event) => {
    const column = columnAt(event);
    if (!dragged || !column) return;
    event.preventDefault();
    if (column !== dragged.closest('[data-column]')) move(board, dragged, column);
  });
  board.addEventListener('dragend', () => { dragged?.classList.remove('dragged'); dragged = null; clear(); });
}

export function startBoard() {
  const board = document.querySelector('[data-board]');
  if (!board) return;
  startDragging(board);
  board.addEventListener('click', (event) => {
    const card = event.target.closest('[data-move]')?.closest('[data-card]');
    if (card) ask(card);
  });
  board.addEventListener('keydown', (event) => {
    const card = event.target.closest('[data-card]');
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'm') ask(card);
    else if (STEPS[event.key]) step(board, card, STEPS[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
