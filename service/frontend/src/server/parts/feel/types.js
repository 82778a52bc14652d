// `instance of` and the types of parameters (DMN 1.5 §10.3.2.9, §10.3.2.10).
import { isContext, isNil, kindOf } from './kinds.js';
import { childrenOf } from './parse.js';

const SIMPLE = {
  number: 'number', string: 'string', boolean: 'boolean', date: 'date', time: 'time', 'date and time': 'date and time',
  'days and time duration': 'days and time duration', 'years and months duration': 'years and months duration',
  'day time duration': 'days and time duration', 'year month duration': 'years and months duration',
};

/** A test of a type as it stands in a tree: true, false, or null for a type that nobody knows. */
export function typeTest(node, text) {
  const [inner] = childrenOf(node);
  const said = (part) => text.slice(part.from, part.to).replace(/\s+/g, ' ');
  const nested = () => inner.getChildren('Type').map((child) => typeTest(child, text));
  if (inner.name === 'ListType') return text.startsWith('range', inner.from) ? rangeOf(nested()[0]) : listOf(nested()[0]);
  if (inner.name === 'ContextType') return contextOf(inner, text);
  if (inner.name === 'FunctionType') return (value) => kindOf(value) === 'function';
  return named(said(inner));
}

function named(name) {
  if (name === 'Any') return () => true;
  if (name === 'Null') return isNil;
  if (name === 'list' || name === 'context' || name === 'function' || name === 'range') return (value) => kindOf(value) === name;
  const kind = SIMPLE[name];
  return kind ? (value) => kindOf(value) === kind : () => null;
}

const every = (found) => (found.includes(false) ? false : found.includes(null) ? null : true);
const listOf = (test) => (value) => (Array.isArray(value) ? every(value.map(test)) : false);
const rangeOf = (test) => (value) => (kindOf(value) === 'range'
  ? every([value.start, value.end].filter((end) => end !== undefined).map(test)) : false);

function contextOf(node, text) {
  const entries = node.getChild('ContextEntryTypes').getChildren('ContextEntryType').map((entry) => [
    text.slice(entry.firstChild.from, entry.firstChild.to).trim(), typeTest(entry.getChild('Type'), text),
  ]);
  return (value) => isContext(value) && every(entries.map(([name, test]) => Object.hasOwn(value, name) && (isNil(value[name]) || test(value[name]))));
}
