// Reads {fields, descriptor}; answers what moddle, with the descriptor, writes and reads again of each attribute at each
// place and of each element, and what gets lost.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const inside = createRequire(`${process.argv[2]}/package.json`);
const { BpmnModdle } = await import(pathToFileURL(inside.resolve('bpmn-moddle')));
const { fields, descriptor } = JSON.parse(readFileSync(0, 'utf8'));
const fresh = () => new BpmnModdle({ case: structuredClone(descriptor) });

const lost = [];
let attributes = 0;
for (const { name, places, example } of fields) {
  for (const place of places) {
    const moddle = fresh();
    const element = moddle.create(place, { [name]: example });
    const { xml } = await moddle.toXML(element);
    attributes += 1;
    const known = moddle.getPropertyDescriptor(element, name);
    if (!known || !xml.includes(` ${name}="`) || element.$attrs[name] !== undefined) lost.push(`${name} on ${place}`);
  }
}

const parts = `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="${descriptor.uri}" xmlns:other="urn:other" targetNamespace="t">
<bpmn:process id="p"><bpmn:extensionElements>
<case:stages><case:stage id="a" name="A" limit="5"><case:serviceLevel kind="response" target="PT4H" warning="75%" calendar="c"><case:onWarning notify="owner"/><case:onBreach assign="ann" priority="90" activity="x"/></case:serviceLevel></case:stage><case:stage id="b"/></case:stages>
<case:roles><case:role id="r" name="R" groups="g" access="work"/></case:roles>
<case:outcomes><case:outcome id="o" name="O"/></case:outcomes>
<case:milestones><case:milestone id="m" name="M" when="= true"/></case:milestones>
<case:ignore rule="deadlock" reason="meant so"/>
<case:serviceLevel target="P1D"/>
<case:ioMapping><case:output source="= a" target="b"/><case:input source="= c" target="d"/><case:output source="= e" target="f"/></case:ioMapping>
</bpmn:extensionElements></bpmn:process></bpmn:definitions>`;
const moddle = fresh();
const { rootElement, warnings } = await moddle.fromXML(parts);
const { xml } = await moddle.toXML(rootElement);
const plain = (text) => text.replace(/>\s+</g, '><').replaceAll(' />', '/>').replace(/<\?.*?\?>\s*/, '').trim();
if (plain(xml) !== plain(parts)) lost.push(plain(xml));
const found = rootElement.rootElements[0].extensionElements.values.map((each) => each.$type);
process.stdout.write(JSON.stringify({
  lost, attributes, warnings: warnings.map((each) => each.message),
  parts: found.map((type) => type[5].toLowerCase() + type.slice(6)).sort(),
}));
