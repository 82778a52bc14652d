// A BPMN diagram, read only, on <figure data-diagram data-src="URL of the XML">, with the state of a case over it:
//
//   <script type="application/json" data-state>
//     {"activities": {elementId: {"state": "done" | "active" | "failed" | "enabled" | "cancelled", "count": 2}},
//      "flows": [ids of the sequence flows taken], "links": {elementId: url},
//      "focus": [ids of the elements to begin with, where not with those at work]}
//
// A "label" beside a state is written on its badge instead of a sign.
//
// Beside another version of it, states are "added", "removed" and "changed", also of sequence flows; a button on the page
// with data-before and data-after (element ids) then shows the element in the figures with data-side="before" and "after".
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './styles/diagram.css';
import { json, mount } from './parts/mount.js';
import { pick } from './parts/pick.js';
import { later, spoken } from './parts/words.js';

const STATES = {
  done: later('done'), active: later('now here'), failed: later('failed'), enabled: later('may be started'), cancelled: later('cancelled'),
  added: later('added'), removed: later('removed'), changed: later('changed'),
};
const BEGINS_WITH = [['active', 'failed'], ['added', 'removed', 'changed']]; // the first of which there are any
const SIGNS = { done: '✓', failed: '!', enabled: '+', cancelled: '×', active: '', added: '+', removed: '−', changed: '≠' };
const ZOOM_STEP = 1.25;
const LARGEST_FIT = 1.1;
const MARGIN = 16;
const WATERMARK = 28; // bpmn.io's sign is to be seen, so nothing is drawn beneath it
const READABLE = 0.75; // labels are set in 12 pixels: a diagram that fits only with less opens where the case stands
const SMALL = 60;
const LOWEST = 200;
const TALLEST = 620;
const TEXT_FONT = '12px "Inter Variable"';

function start(host) {
  const canvas = host.querySelector('[data-canvas]');
  const viewer = new NavigatedViewer({
    container: canvas,
    bpmnRenderer: { defaultFillColor: 'var(--paper)', defaultStrokeColor: 'var(--diagram-line)', defaultLabelColor: 'var(--ink)' },
    textRenderer: { defaultStyle: { fontFamily: getComputedStyle(document.body).fontFamily } }, // measured: no var() here
    zoomScroll: { enabled: false },
  });
  const drawn = draw(host, canvas, viewer);
  return () => drawn.then((ready) => ready && mark(host, viewer));
}

async function draw(host, canvas, viewer) {
  try {
    const answer = await fetch(host.dataset.src);
    if (!answer.ok) throw new Error(spoken('the server answered {status}.', { status: answer.status }));
    await document.fonts.load(TEXT_FONT); // labels are measured while they are drawn
    await viewer.importXML(await answer.text());
  } catch (error) {
    canvas.textContent = error.message.includes('no diagram to display')
      ? spoken('The file says what happens, but not where to draw it (it has no BPMN DI). Open and save it in a diagram editor that lays it out.')
      : spoken('This diagram cannot be drawn: {why}', { why: error.message });
    host.dataset.ready = 'failed';
    return false;
  }
  host.viewer = viewer;
  describe(host, canvas);
  controls(host, viewer);
  touch(host, canvas, viewer);
  mark(host, viewer);
  show(host, viewer);
  if (host.dataset.side) pointed(host, viewer);
  new ResizeObserver(() => {
    viewer.get('canvas').resized();
    if (host.dataset.moved === undefined) show(host, viewer);
  }).observe(canvas);
  host.dataset.ready = '';
  return true;
}

function describe(host, canvas) {
  const svg = canvas.querySelector('svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', host.dataset.label ?? spoken('Process diagram. The same state is listed as text beside it.'));
}

/** Show the diagram: all of it where that is legible or `all` was asked for, else the part in which the case stands. */
function show(host, viewer, all = host.dataset.all !== undefined || host.matches(':fullscreen')) {
  const canvas = viewer.get('canvas');
  const area = host.querySelector('[data-canvas]');
  const width = area.clientWidth;
  if (!width) return; // not shown yet: a folded part, or a phone's other column
  const { inner } = canvas.viewbox();
  const across = Math.min(LARGEST_FIT, (width - 2 * MARGIN) / inner.width);
  const scale = all ? across : Math.max(across, READABLE);
  const wanted = inner.height * scale + 2 * MARGIN + WATERMARK;
  if (!host.matches('.tall, :fullscreen')) area.style.height = `${Math.round(Math.min(TALLEST, Math.max(LOWEST, wanted)))}px`;
  canvas.resized();
  const height = area.clientHeight - WATERMARK;
  const fitting = Math.min(across, (height - 2 * MARGIN) / inner.height);
  const zoom = all ? fitting : Math.max(fitting, Math.min(scale, READABLE));
  const seen = { width: width / zoom, height: height / zoom };
  const middle = focus(host, viewer, seen) ?? { x: inner.x, y: inner.y + inner.height / 2 };
  canvas.viewbox({
    x: within(middle.x, seen.width, inner.x, inner.width, MARGIN / zoom),
    y: within(middle.y, seen.height, inner.y, inner.height, MARGIN / zoom),
    width: width / zoom,
    height: area.clientHeight / zoom,
  });
}

/** Where to begin, so that `middle` is in the middle but nothing beyond the drawing is shown that need not be. */
function within(middle, length, from, drawn, margin) {
  if (length >= drawn + 2 * margin) return from - (length - drawn) / 2;
  return Math.min(Math.max(middle - length / 2, from - margin), from + drawn + margin - length);
}

/** The middle of what is at work, as far as it can be seen at once. */
function focus(host, viewer, seen) {
  const { activities = {}, focus: wanted } = json(host, 'data-state', {});
  const registry = viewer.get('elementRegistry');
  const ids = wanted?.length ? wanted : BEGINS_WITH.map((states) => Object.keys(activities).filter((id) => states.includes(activities[id].state))).find((found) => found.length);
  const there = (ids ?? []).map((id) => registry.get(id));
  const shapes = there.filter((shape) => shape?.width);
  const leaves = shapes.filter((shape) => !shapes.some((other) => other.parent === shape)).sort((a, b) => a.x - b.x);
  if (!leaves.length) return undefined;
  const edge = (list, side, size) => [Math.min(...list.map((each) => each[side])), Math.max(...list.map((each) => each[side] + each[size]))];
  const box = (list) => [edge(list, 'x', 'width'), edge(list, 'y', 'height')];
  const fits = ([[left, right], [top, bottom]]) => right - left < seen.width && bottom - top < seen.height;
  const [[left, right], [top, bottom]] = fits(box(leaves)) ? box(leaves) : box(leaves.slice(0, 1));
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}

/** A finger moves the diagram sideways, up and down it scrolls the page; on the whole screen it moves it everywhere. */
function touch(host, area, viewer) {
  let from;
  area.addEventListener('pointerdown', (event) => { from = event.pointerType === 'touch' ? event : undefined; });
  area.addEventListener('pointermove', (event) => {
    if (!from || event.pointerId !== from.pointerId) return;
    host.dataset.moved = '';
    viewer.get('canvas').scroll({ dx: event.clientX - from.clientX, dy: host.matches(':fullscreen') ? event.clientY - from.clientY : 0 });
    from = event;
  });
  for (const end of ['pointerup', 'pointercancel']) area.addEventListener(end, () => { from = undefined; });
}

/** Buttons [data-zoom=in|out|fit|full], + - 0 f and the arrows; 0 goes back, and once more shows all of it; the wheel only zooms with Ctrl, so that the page still scrolls. */
function controls(host, viewer) {
  const canvas = viewer.get('canvas');
  const acts = {
    in: () => canvas.zoom(canvas.zoom() * ZOOM_STEP),
    out: () => canvas.zoom(canvas.zoom() / ZOOM_STEP),
    fit: () => {
      if (host.dataset.moved === undefined) host.toggleAttribute('data-all');
      delete host.dataset.moved;
      show(host, viewer);
    },
    full: () => (document.fullscreenElement ? document.exitFullscreen() : fill(host)),
    left: () => canvas.scroll({ dx: 60, dy: 0 }),
    right: () => canvas.scroll({ dx: -60, dy: 0 }),
    up: () => canvas.scroll({ dx: 0, dy: 60 }),
    down: () => canvas.scroll({ dx: 0, dy: -60 }),
  };
  const act = (name) => {
    acts[name]();
    if (name !== 'full' && name !== 'fit') host.dataset.moved = '';
  };
  for (const button of host.querySelectorAll('[data-zoom]')) button.addEventListener('click', () => act(button.dataset.zoom));
  const keys = { '+': 'in', '=': 'in', '-': 'out', 0: 'fit', f: 'full', ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' };
  const area = host.querySelector('[data-canvas]');
  area.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    act(keys[event.key]);
  });
  area.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    act(event.deltaY < 0 ? 'in' : 'out');
  }, { passive: false });
}

/** Show the element that a button on the page names for this side, in the middle. */
function pointed(host, viewer) {
  const canvas = viewer.get('canvas');
  document.addEventListener('click', (event) => {
    const id = event.target.closest('[data-before], [data-after]')?.dataset[host.dataset.side];
    const registry = viewer.get('elementRegistry');
    registry.forEach((element) => canvas.removeMarker(element, 'is-pointed'));
    const element = id && registry.get(id);
    if (!element) return;
    host.dataset.moved = '';
    canvas.scrollToElement(element, MARGIN);
    canvas.addMarker(element, 'is-pointed');
  });
}

/** The whole screen for the diagram, with the focus in it, so that + - 0 and the arrows move it. */
async function fill(host) {
  delete host.dataset.moved;
  await host.requestFullscreen();
  host.querySelector('[data-canvas] svg').focus();
}

/** Put the case's state on the elements. Called again after each htmx update, so it first takes the old marks away. */
function mark(host, viewer) {
  const { activities = {}, flows = [], links = {} } = json(host, 'data-state', {});
  const canvas = viewer.get('canvas');
  const overlays = viewer.get('overlays');
  const registry = viewer.get('elementRegistry');
  overlays.clear();
  registry.forEach((element) => {
    for (const name of [...Object.keys(STATES), 'taken']) canvas.removeMarker(element, `is-${name}`);
  });
  for (const id of flows) if (registry.get(id)) canvas.addMarker(id, 'is-taken');
  for (const [id, { state, count = 1, label }] of Object.entries(activities)) {
    const element = registry.get(id);
    if (!element || !STATES[state]) continue;
    canvas.addMarker(element, `is-${state}`);
    if (element.waypoints) continue;
    overlays.add(element, { position: place(element), html: badge(state, count, label), scale: { min: 0.7, max: 1.2 } });
  }
  if (host.dataset.picks !== undefined) registry.forEach((element) => { if (element.parent) canvas.addMarker(element, 'is-link'); });
  for (const [id, url] of Object.entries(links)) if (registry.get(id)) canvas.addMarker(id, 'is-link');
  host.links = links;
  if (host.listening) return;
  host.listening = true;
  viewer.on('element.click', ({ element }) => {
    if (host.links[element.id]) window.location.assign(host.links[element.id]);
    else if (host.dataset.picks !== undefined) pick(element.id.replace(/_label$/, ''));
  });
}

/** Where an element's badge covers no label: gateways have theirs above or to the right, events mostly below. */
function place(element) {
  if (element.width >= SMALL) return { top: -9, right: 11 };
  if (element.host) return element.y < element.host.y ? { top: -19, left: 10 } : { bottom: -2, left: 10 }; // outside its host
  return element.type.endsWith('Gateway') ? { bottom: 19, left: -11 } : { top: -9, left: -7 };
}

function badge(state, count, label) {
  const shown = document.createElement('span');
  shown.className = `diagram-badge ${state}`;
  shown.title = count > 1 ? spoken('{state}, {n} times', { state: spoken(STATES[state]), n: count }) : spoken(STATES[state]);
  shown.textContent = label ?? SIGNS[state] + (count > 1 ? ` ${count}` : '');
  return shown;
}

mount('[data-diagram]', start);
