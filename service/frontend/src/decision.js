// A DMN decision, read only, on <div data-decision data-src="URL of the XML" data-element="id" data-hits="rule ids">: an
// ordinary table, so that it can be read aloud, copied and printed. Without data-element all decisions of the file are
// shown; the rules named in data-hits are marked as those that held.
import { mount } from './parts/mount.js';

const HIT_POLICIES = {
  UNIQUE: 'exactly one rule holds',
  FIRST: 'the first rule that holds decides',
  PRIORITY: 'the most important rule that holds decides',
  ANY: 'all rules that hold say the same',
  COLLECT: 'what all rules that hold say is collected',
  'RULE ORDER': 'what all rules that hold say is listed, in the order of the rules',
  'OUTPUT ORDER': 'what all rules that hold say is listed, the most important first',
};

const children = (parent, name) => [...parent.children].filter((child) => child.localName === name);
const child = (parent, name) => parent && children(parent, name)[0];
const text = (parent, ...path) => path.reduce((found, name) => child(found, name), parent)?.textContent.trim() ?? '';

function make(name, properties = {}, ...content) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
}

function heading(kind, label, expression, type) {
  const name = make('span', { className: 'decision-label' }, label || expression);
  const below = [expression === label ? '' : expression, type].filter(Boolean).join(' · ');
  return make('th', { scope: 'col', className: kind }, name, make('code', {}, below));
}

function table(decision, logic, hits) {
  const inputs = children(logic, 'input');
  const outputs = children(logic, 'output');
  const rules = children(logic, 'rule');
  const annotated = rules.some((rule) => text(rule, 'description') || child(rule, 'annotationEntry'));
  const head = make('tr', {}, make('th', { scope: 'col' }, '#'),
    ...inputs.map((input) => {
      const expression = child(input, 'inputExpression');
      return heading('input-column', input.getAttribute('label'), text(expression, 'text'), expression?.getAttribute('typeRef'));
    }),
    ...outputs.map((output) => {
      const name = output.getAttribute('name') ?? '';
      return heading('output-column', output.getAttribute('label') || name, name, output.getAttribute('typeRef'));
    }),
    ...(annotated ? [make('th', { scope: 'col' }, 'Why')] : []));
  const rows = rules.map((rule, index) => {
    const hit = hits.has(rule.id);
    return make('tr', { className: hit ? 'hit' : '' },
      make('th', { scope: 'row' }, `${index + 1}`, ...(hit ? [make('span', { className: 'hidden-label' }, ', this rule held')] : [])),
      ...children(rule, 'inputEntry').map((entry) => cell(entry, 'input-column', 'any')),
      ...children(rule, 'outputEntry').map((entry) => cell(entry, 'output-column', 'nothing')),
      ...(annotated ? [make('td', { className: 'dim' }, text(rule, 'annotationEntry', 'text') || text(rule, 'description'))] : []));
  });
  const shown = make('table', { className: 'table decision-table' },
    make('caption', { className: 'hidden-label' }, `Rules of ${decision.getAttribute('name')}`),
    make('thead', {}, head), make('tbody', {}, ...rows));
  const wrap = make('div', { className: 'table-wrap', tabIndex: 0, ariaLabel: `Rules of ${decision.getAttribute('name')}` }, shown);
  wrap.setAttribute('role', 'group');
  return wrap;
}

function cell(entry, kind, otherwise) {
  const value = text(entry, 'text');
  if (value && value !== '-') return make('td', { className: kind }, make('code', {}, value));
  return make('td', { className: kind }, '–', make('span', { className: 'hidden-label' }, ` ${otherwise}`));
}

function show(decision, hits) {
  const name = make('h3', {}, decision.getAttribute('name') || decision.id);
  const parts = [name];
  const about = text(decision, 'description');
  if (about) parts.push(make('p', { className: 'dim' }, about));
  const logic = child(decision, 'decisionTable');
  if (logic) {
    const policy = logic.getAttribute('hitPolicy') ?? 'UNIQUE';
    const total = logic.getAttribute('aggregation');
    parts.push(make('p', { className: 'dim' }, `${policy}${total ? ` (${total})` : ''}: ${HIT_POLICIES[policy] ?? 'see the DMN file'}.`));
    parts.push(table(decision, logic, hits));
  } else {
    const expression = text(decision, 'literalExpression', 'text');
    parts.push(expression ? make('pre', {}, expression) : make('p', { className: 'dim' }, 'This kind of decision is not drawn here.'));
  }
  return make('section', { className: 'decision-shown' }, ...parts);
}

async function start(host) {
  const canvas = host.querySelector('[data-canvas]');
  try {
    const answer = await fetch(host.dataset.src);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}.`);
    const file = new DOMParser().parseFromString(await answer.text(), 'application/xml');
    const found = children(file.documentElement, 'decision');
    const wanted = found.filter((decision) => !host.dataset.element || decision.id === host.dataset.element);
    const hits = new Set((host.dataset.hits ?? '').split(' ').filter(Boolean));
    canvas.replaceChildren(...wanted.map((decision) => show(decision, hits)));
    host.dataset.ready = '';
  } catch (error) {
    canvas.textContent = `This decision cannot be shown: ${error.message}`;
    host.dataset.ready = 'failed';
  }
}

mount('[data-decision]', (host) => { start(host); });
