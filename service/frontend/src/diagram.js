// A BPMN diagram, read only, on <figure data-diagram data-src="URL of the XML">, with the state of a case over it:
//
//   <script type="application/json" data-state>
//     {"activities": {elementId: {"state": "done" | "active" | "failed" | "enabled" | "cancelled", "count": 2}},
//      "flows": [ids of the sequence flows taken], "links": {elementId: url}}
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './styles/diagram.css';
import { json, mount } from './parts/mount.js';

const STATES = { done: 'done', active: 'now here', failed: 'failed', enabled: 'may be started', cancelled: 'cancelled' };
const ZOOM_STEP = 1.25;
const LARGEST_FIT = 1.1;
const MARGIN = 16;
const WATERMARK = 28; // bpmn.io's sign is to be seen, so nothing is drawn beneath it
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
    if (!answer.ok) throw new Error(`the server answered ${answer.status}.`);
    await document.fonts.load(TEXT_FONT); // labels are measured while they are drawn
    await viewer.importXML(await answer.text());
  } catch (error) {
    canvas.textContent = error.message.includes('no diagram to display')
      ? 'The file says what happens, but not where to draw it (it has no BPMN DI). Open and save it in a diagram editor that lays it out.'
      : `This diagram cannot be drawn: ${error.message}`;
    host.dataset.ready = 'failed';
    return false;
  }
  host.viewer = viewer;
  describe(host, canvas);
  controls(host, viewer);
  mark(host, viewer);
  fit(host, viewer);
  new ResizeObserver(() => {
    viewer.get('canvas').resized();
    if (host.dataset.moved === undefined) fit(host, viewer);
  }).observe(canvas);
  host.dataset.ready = '';
  return true;
}

function describe(host, canvas) {
  const svg = canvas.querySelector('svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', host.dataset.label ?? 'Process diagram. The same state is listed as text beside it.');
}

/** Show all of the diagram, as large as it is legible, above the watermark. */
function fit(host, viewer) {
  const canvas = viewer.get('canvas');
  const area = host.querySelector('[data-canvas]');
  const width = area.clientWidth;
  if (!width) return; // not shown yet: a folded part, or a phone's other column
  const { inner } = canvas.viewbox();
  const scale = Math.min(LARGEST_FIT, (width - 2 * MARGIN) / inner.width);
  const wanted = inner.height * scale + 2 * MARGIN + WATERMARK;
  if (!host.matches('.tall, :fullscreen')) area.style.height = `${Math.round(Math.min(TALLEST, Math.max(LOWEST, wanted)))}px`;
  canvas.resized();
  const height = area.clientHeight;
  const fitting = Math.min(scale, (height - 2 * MARGIN - WATERMARK) / inner.height);
  canvas.viewbox({
    x: inner.x - (width / fitting - inner.width) / 2,
    y: inner.y - ((height - WATERMARK) / fitting - inner.height) / 2,
    width: width / fitting,
    height: height / fitting,
  });
}

/** Buttons [data-zoom=in|out|fit], + - 0 and the arrows; the wheel only zooms with Ctrl, so that the page still scrolls. */
function controls(host, viewer) {
  const canvas = viewer.get('canvas');
  const acts = {
    in: () => canvas.zoom(canvas.zoom() * ZOOM_STEP),
    out: () => canvas.zoom(canvas.zoom() / ZOOM_STEP),
    fit: () => { delete host.dataset.moved; fit(host, viewer); },
    full: () => (document.fullscreenElement ? document.exitFullscreen() : host.requestFullscreen()),
    left: () => canvas.scroll({ dx: 60, dy: 0 }),
    right: () => canvas.scroll({ dx: -60, dy: 0 }),
    up: () => canvas.scroll({ dx: 0, dy: 60 }),
    down: () => canvas.scroll({ dx: 0, dy: -60 }),
  };
  const act = (name) => {
    if (name !== 'full') host.dataset.moved = '';
    acts[name]();
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
  for (const [id, { state, count = 1 }] of Object.entries(activities)) {
    const element = registry.get(id);
    if (!element || !STATES[state]) continue;
    canvas.addMarker(element, `is-${state}`);
    if (element.waypoints) continue;
    overlays.add(element, { position: place(element), html: badge(state, count), scale: { min: 0.7, max: 1.2 } });
  }
  for (const [id, url] of Object.entries(links)) if (registry.get(id)) canvas.addMarker(id, 'is-link');
  host.links = links;
  if (host.listening) return;
  host.listening = true;
  viewer.on('element.click', ({ element }) => { if (host.links[element.id]) window.location.assign(host.links[element.id]); });
}

/** Where an element's badge covers no label: gateways have theirs above or to the right, events mostly below. */
function place(element) {
  if (element.width >= SMALL) return { top: -9, right: 11 };
  if (element.host) return element.y < element.host.y ? { top: -19, left: 10 } : { bottom: -2, left: 10 }; // outside its host
  return element.type.endsWith('Gateway') ? { bottom: 9, left: -7 } : { top: -9, left: -7 };
}

function badge(state, count) {
  const shown = document.createElement('span');
  shown.className = `diagram-badge ${state}`;
  shown.title = count > 1 ? `${STATES[state]}, ${count} times` : STATES[state];
  shown.textContent = { done: '✓', failed: '!', enabled: '+', cancelled: '×', active: '' }[state] + (count > 1 ? ` ${count}` : '');
  return shown;
}

mount('[data-diagram]', start);
