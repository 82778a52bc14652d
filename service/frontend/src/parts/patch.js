// Writes into a file only what was changed in it. An editor writes a file anew in its own way: it loses comments,
// the layout of lines, the order of attributes, and whatever it does not understand. So the file as it was (`original`)
// is kept, the editor writes it twice, as it was opened (`before`) and as it is now (`after`), and what differs between
// these two is put into the original. What does not differ is not touched, not even looked at.
//
// What is lost all the same: the comments inside of an element that is deleted, or moved into another scope; an order of
// flow elements that alone has changed. `whole` says that the original could not be patched and `after` was taken.
const BOXES = new Set(['definitions', 'process', 'subProcess', 'adHocSubProcess', 'transaction', 'collaboration', 'BPMNPlane']);
const NAME = /[^\s=>/]+/y;
const ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const decode = (raw) => raw.replace(/&(#x?[\da-f]+|\w+);/gi, (all, name) => {
  if (name[0] !== '#') return ENTITIES[name] ?? all;
  return String.fromCodePoint(name[1].toLowerCase() === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
});

/** The elements of `source` with the places where they stand: a tree, from its root. */
export function scan(source) {
  const top = { children: [], scope: { xml: 'http://www.w3.org/XML/1998/namespace' }, text: '' };
  let at = 0;
  let node = top;
  const past = (end, from) => {
    const found = source.indexOf(end, from);
    if (found < 0) throw new Error('The file ends within a tag.');
    return found + end.length;
  };
  while (at < source.length) {
    const open = source.indexOf('<', at);
    if (open < 0) break;
    node.text += source.slice(at, open);
    if (source.startsWith('<!--', open)) at = past('-->', open);
    else if (source.startsWith('<![CDATA[', open)) {
      at = past(']]>', open);
      node.text += source.slice(open, at);
    } else if (source[open + 1] === '?') at = past('?>', open);
    else if (source[open + 1] === '!') at = past('>', open);
    else if (source[open + 1] === '/') {
      at = past('>', open);
      Object.assign(node, { closeStart: open, end: at });
      node = node.parent;
    } else {
      const made = tag(source, open, node);
      node.children.push(made);
      at = made.openEnd;
      if (made.closed) Object.assign(made, { closeStart: at, end: at });
      else node = made;
    }
  }
  if (node !== top || top.children.length !== 1) throw new Error('The file is no XML.');
  keys(top);
  return top.children[0];
}

function tag(source, start, parent) {
  NAME.lastIndex = start + 1;
  const name = NAME.exec(source)[0];
  const attributes = new Map();
  let at = start + 1 + name.length;
  for (;;) {
    const before = at;
    while (/\s/.test(source[at])) at += 1;
    if (at >= source.length) throw new Error('The file ends within a tag.');
    if (source[at] === '>' || source[at] === '/') break;
    NAME.lastIndex = at;
    const found = NAME.exec(source)[0];
    at += found.length;
    while (source[at] !== '"' && source[at] !== "'") at += 1;
    const end = source.indexOf(source[at], at + 1);
    attributes.set(found, { raw: source.slice(at, end + 1), value: decode(source.slice(at + 1, end)), start: before, end: end + 1 });
    at = end + 1;
  }
  const closed = source[at] === '/';
  const scope = Object.create(parent.scope);
  for (const [key, { value }] of attributes) {
    if (key === 'xmlns') scope[''] = value;
    else if (key.startsWith('xmlns:')) scope[key.slice(6)] = value;
  }
  const [prefix, local] = name.includes(':') ? name.split(':') : ['', name];
  const attributeEnd = at;
  at = source.indexOf('>', at) + 1;
  return { name, prefix, local, uri: scope[prefix] ?? '', attributes, scope, parent, children: [], text: '', start, openEnd: at, attributeEnd, closed, source };
}

/** Give each element the name by which it is found again among its siblings: its id, else what it refers to, else its number. */
function keys(node) {
  const taken = new Map();
  for (const child of node.children) {
    keys(child);
    const own = child.attributes.get('id')?.value ?? child.attributes.get('bpmnElement')?.value
      ?? (child.children.length ? '' : `=${decode(child.text.trim())}`);
    const named = /^(incoming|outgoing|flowNodeRef)$/.test(child.local) || child.attributes.has('id') || child.attributes.has('bpmnElement');
    const key = `{${child.uri}}${child.local} ${named ? own : ''}`;
    const number = taken.get(key) ?? 0;
    taken.set(key, number + 1);
    child.key = number ? `${key} ${number}` : key;
  }
}

const byKey = (node) => new Map(node.children.map((child) => [child.key, child]));
const attributeKey = (node, name) => {
  const at = name.indexOf(':');
  return at < 0 || name.startsWith('xmlns') ? name : `{${node.scope[name.slice(0, at)] ?? ''}}${name.slice(at + 1)}`;
};
const named = (node) => new Map([...node.attributes].map(([name, found]) => [attributeKey(node, name), { name, ...found }]));

class Unpatched extends Error {}

/** `{xml, whole}`: the original with what differs between `before` and `after`, which one editor has written of it. */
export function patch(original, before, after) {
  if (before === after) return { xml: original, whole: false };
  try {
    const edits = [];
    const [there, old, now] = [scan(original), scan(before), scan(after)];
    if (there.key !== old.key || old.key !== now.key) throw new Unpatched();
    compare(there, old, now, edits, { line: original.includes('\r\n') ? '\r\n' : '\n', root: now, step: step(there) });
    return { xml: apply(original, edits), whole: false };
  } catch (error) {
    if (error instanceof Unpatched) return { xml: after, whole: true };
    throw error;
  }
}

function apply(original, edits) {
  const sorted = edits.map((edit, number) => ({ ...edit, number }))
    .sort((a, b) => a.start - b.start || (a.end - a.start ? 1 : 0) - (b.end - b.start ? 1 : 0) || a.number - b.number);
  let at = 0;
  let made = '';
  for (const { start, end, text } of sorted) {
    made += original.slice(at, Math.max(at, start)) + text;
    at = Math.max(at, end);
  }
  return made + original.slice(at);
}

function compare(there, old, now, edits, how) {
  compareAttributes(there, old, now, edits);
  const [mine, former, wanted] = [byKey(there), byKey(old), byKey(now)];
  if (!old.children.length && !now.children.length) {
    if (old.text !== now.text) fill(there, inner(now), edits);
    return;
  }
  const both = (from, other) => [...from.keys()].filter((key) => other.has(key)).join('\n');
  if (both(wanted, former) !== both(former, wanted) && !BOXES.has(there.local)) {
    fill(there, lines(now.children, indent(there), how, there) + how.line + indent(there), edits);
    return;
  }
  for (const [key, child] of former) {
    if (!wanted.has(key) && mine.has(key)) remove(mine.get(key), edits);
    else if (wanted.has(key) && mine.has(key)) compare(mine.get(key), child, wanted.get(key), edits, how);
    else if (wanted.has(key) && text(child) !== text(wanted.get(key))) throw new Unpatched();
  }
  insert(there, now.children, { mine, former, wanted }, edits, how);
}

const text = (node) => node.source.slice(node.start, node.end);
const inner = (node) => (node.closed ? '' : node.source.slice(node.openEnd, node.closeStart));

function compareAttributes(there, old, now, edits) {
  const [mine, former, wanted] = [named(there), named(old), named(now)];
  for (const [key, { name, raw }] of wanted) {
    if (former.get(key)?.raw === raw) continue;
    const found = mine.get(key);
    if (found) edits.push({ start: found.start, end: found.end, text: `${there.source.slice(found.start).match(/^\s*/)[0]}${found.name}=${raw}` });
    else edits.push({ start: place(there), end: place(there), text: ` ${name}=${raw}` });
  }
  for (const [key] of former) {
    const found = !wanted.has(key) && mine.get(key);
    if (found) edits.push({ start: found.start, end: found.end, text: '' });
  }
}

/** Where one more attribute is written: after the last one. */
function place(node) {
  const ends = [...node.attributes.values()].map(({ end }) => end);
  return ends.length ? Math.max(...ends) : node.start + 1 + node.name.length;
}

/** Put `content` between the tags of an element of the original. */
function fill(there, content, edits) {
  if (there.closed) edits.push({ start: there.attributeEnd, end: there.end, text: `>${content}</${there.name}>` });
  else edits.push({ start: there.openEnd, end: there.closeStart, text: content });
}

function remove(there, edits) {
  const { source } = there;
  let start = there.start;
  while (start && /[ \t]/.test(source[start - 1])) start -= 1;
  if (source[start - 1] === '\n') start -= source[start - 2] === '\r' ? 2 : 1;
  else start = there.start;
  edits.push({ start, end: there.end, text: '' });
}

/** Put the new children behind those of the original that they follow. */
function insert(there, children, { mine, former, wanted }, edits, how) {
  const stays = (key) => mine.has(key) && former.has(key) && wanted.has(key);
  const first = there.children.find((child) => stays(child.key));
  const inside = indentOf(first) ?? indent(there) + how.step;
  let after;
  let pending = [];
  const flush = (next) => {
    if (!pending.length) return;
    if (after) edits.push({ start: after.end, end: after.end, text: lines(pending, inside, how, there, true) });
    else if (next) edits.push({ start: there.openEnd, end: there.openEnd, text: lines(pending, inside, how, there, true) });
    else if (there.closed || !there.children.some((child) => wanted.has(child.key) || !former.has(child.key))) added(there, pending, inside, edits, how);
    else edits.push({ start: there.openEnd, end: there.openEnd, text: lines(pending, inside, how, there, true) });
    pending = [];
  };
  for (const child of children) {
    if (stays(child.key)) {
      flush(child);
      after = mine.get(child.key);
    } else if (!former.has(child.key)) pending.push(child);
  }
  flush();
}

function added(there, pending, inside, edits, how) {
  const content = lines(pending, inside, how, there, true);
  const close = how.line + (indent(there) ?? '');
  if (there.closed) edits.push({ start: there.attributeEnd, end: there.end, text: `>${content}${close}</${there.name}>` });
  else {
    const blank = !there.source.slice(there.openEnd, there.closeStart).trim() && !there.children.length;
    edits.push({ start: there.openEnd, end: blank ? there.closeStart : there.openEnd, text: blank ? content + close : content });
  }
}

function lines(nodes, inside, how, there, own = false) {
  const at = own ? inside : inside + how.step;
  return nodes.map((node) => {
    known(node, there, how);
    return how.line + at + pretty(node, at, how);
  }).join('');
}

/** An element as it is written, its inner lines in from `at`; the text of what holds no elements stays as it is. */
function pretty(node, at, how) {
  if (!node.children.length) return text(node);
  const open = node.source.slice(node.start, node.openEnd);
  const more = at + how.step;
  return `${open}${node.children.map((child) => how.line + more + pretty(child, more, how)).join('')}${how.line}${at}</${node.name}>`;
}

/** Whether the prefixes in what is written mean the same in the original; the root's are added there. */
function known(node, there, how) {
  const same = (name, declared) => {
    const at = name.indexOf(':');
    const prefix = at < 0 ? '' : name.slice(0, at);
    if (prefix === 'xmlns' || (declared && at < 0)) return true;
    const uri = node.scope[prefix] ?? '';
    return (there.scope[prefix] ?? (prefix in how.root.scope ? how.root.scope[prefix] : '')) === uri || Object.hasOwn(node.scope, prefix);
  };
  if (!same(node.name, false) || [...node.attributes.keys()].some((name) => !same(name, true))) throw new Unpatched();
  for (const child of node.children) known(child, there, how);
}

function indentOf(node) {
  if (!node) return undefined;
  const line = node.source.lastIndexOf('\n', node.start - 1) + 1;
  const found = node.source.slice(line, node.start);
  return /^[ \t]*$/.test(found) && line ? found : undefined;
}
const indent = (node) => indentOf(node) ?? '';

/** By how much the original's lines go in. */
function step(root) {
  const first = indentOf(root.children[0]);
  return first?.slice(indent(root).length) || '  ';
}
