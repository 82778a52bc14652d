// Reads [{name, xml}] and answers [{name, untouched, id, label, xml, whole, same, added, warnings} or {name, refused}]:
// each file opened by moddle and saved, as the modeler does it, without a browser.
//
// untouched: nothing was changed, and the same bytes came out; id, label: what was given which new label, xml: the file
// then; same: moddle reads of it what was meant; added: it also does with a task, a flow and their shapes added.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const frontend = process.argv[2];
const inside = createRequire(`${frontend}/package.json`);
const { BpmnModdle } = await import(pathToFileURL(inside.resolve('bpmn-moddle')));
const { patch } = await import(pathToFileURL(`${frontend}/src/parts/patch.js`));
const descriptor = JSON.parse(readFileSync(`${frontend}/modeler-plugin/casewright.json`, 'utf8'));

const moddle = () => new BpmnModdle({ case: structuredClone(descriptor) });
const written = async (from, root) => (await from.toXML(root, { format: true, preamble: true })).xml;

async function opened(xml) {
  const reader = moddle();
  const { rootElement, warnings } = await reader.fromXML(xml);
  return { reader, root: rootElement, warnings };
}

const nodes = function* (element) {
  for (const child of element.flowElements ?? []) {
    if (child.$instanceOf('bpmn:FlowNode')) yield child;
    yield* nodes(child);
  }
};
const all = (root) => (root.rootElements ?? []).flatMap((each) => [...nodes(each)]);

async function tried(xml) {
  const first = await opened(xml);
  const before = await written(first.reader, first.root);
  const untouched = patch(xml, before, before).xml === xml;
  const node = all(first.root).find((each) => each.id);
  if (!node) return { untouched, id: null, warnings: first.warnings.length };
  const label = `${node.name ?? ''} & changed “here”`;
  node.name = label;
  const after = await written(first.reader, first.root);
  const { xml: made, whole } = patch(xml, before, after);
  const again = await opened(made);
  const same = (await written(again.reader, again.root)) === after;
  return { untouched, id: node.id, label, xml: made, whole, same, added: await added(xml, before), warnings: first.warnings.length };
}

const order = (xml) => xml.split('\n').map((line) => line.trim()).sort().join('\n');

async function added(xml, before) {
  const { reader, root } = await opened(xml);
  const node = all(root).find((each) => each.id);
  const create = (type, values) => reader.create(type, values);
  const task = create('bpmn:UserTask', { id: 'Added_1', name: 'Added', 'case:formKey': 'a-form', 'case:candidateGroups': 'clerks' });
  const flow = create('bpmn:SequenceFlow', { id: 'Added_2', sourceRef: node, targetRef: task });
  task.get('incoming').push(flow);
  node.get('outgoing').push(flow);
  node.$parent.get('flowElements').push(task, flow);
  task.$parent = node.$parent;
  flow.$parent = node.$parent;
  const plane = root.diagrams?.[0]?.plane;
  if (plane) {
    const bounds = create('dc:Bounds', { x: 10, y: 10, width: 100, height: 80 });
    const shape = create('bpmndi:BPMNShape', { id: 'Added_1_di', bpmnElement: task, bounds });
    bounds.$parent = shape;
    shape.$parent = plane;
    plane.get('planeElement').push(shape);
  }
  const after = await written(reader, root);
  const { xml: made } = patch(xml, before, after);
  const again = await opened(made);
  return order(await written(again.reader, again.root)) === order(after);
}

const answers = [];
for (const { name, xml } of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    answers.push({ name, ...(await tried(xml)) });
  } catch (error) {
    answers.push({ name, refused: String(error.message).slice(0, 300) });
  }
}
process.stdout.write(JSON.stringify(answers));
