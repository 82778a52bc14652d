// Parsing once. A tree depends on the text, and on those names in the context that the parser reads in its own way: names
// that are no plain words (`a-b`), and words of the language (`in`). Both are the key, with their places in the context:
// a tree that was made for one context is never used in another that it does not fit.
import { parser } from '@bpmn-io/lezer-feel';

const KEPT = 2000;
const KEPT_TEXT = 1_000_000; // characters; a tree takes some ten times the memory of its text
const DEEPEST = 64;
const WORD = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;
const KEYWORDS = new Set([
  'for', 'in', 'return', 'if', 'then', 'else', 'some', 'every', 'satisfies', 'or', 'and', 'between', 'instance', 'of', 'days',
  'time', 'duration', 'years', 'months', 'date', 'list', 'context', 'function', 'null', 'true', 'false', 'external', 'not',
]);

const trees = new Map();
let keptText = 0;

function keep(key, tree) {
  trees.set(key, tree);
  keptText += key.length;
  for (const oldest of trees.keys()) {
    if (trees.size <= KEPT && keptText <= KEPT_TEXT) return;
    trees.delete(oldest);
    keptText -= oldest.length;
  }
}

const shapes = new WeakMap();
const isOdd = (name) => !WORD.test(name) || KEYWORDS.has(name);
const isOpaque = (value) => typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype;

/** The odd names in `value` with their places; '' when there are none. A list has no names of its own for the parser. */
function shapeOf(value, depth) {
  if (isOpaque(value) || depth > DEEPEST) return '';
  const known = shapes.get(value);
  if (known !== undefined) return known;
  let found = '';
  for (const name of Object.keys(value)) {
    const inner = shapeOf(value[name], depth + 1);
    if (inner || isOdd(name)) found += `${JSON.stringify(name)}:${inner},`;
  }
  found &&= `{${found}}`;
  shapes.set(value, found);
  return found;
}

const FLAT = (context) => Object.keys(context).filter(isOdd).map((name) => `${JSON.stringify(name)}:,`).join('');
let isFlat = false;

/** Whether the host knows that no name inside the values is odd, so that they need not be looked through. */
export function setFlat(flat) {
  isFlat = flat;
}

const configure = parser.configure.bind(parser);
parser.configure = (config) => {
  if (!config.contextTracker) return configure(config);
  return {
    parse(text) {
      const context = config.contextTracker.start.context.value;
      const key = `${config.top}\n${isFlat ? FLAT(context) : shapeOf(context, 0)}\n${text}`;
      let tree = trees.get(key);
      if (tree === undefined) {
        tree = configure(config).parse(text);
        keep(key, tree);
      }
      return tree;
    },
  };
};
