// Trees of FEEL's texts, by lezer-feel (../trees.js keeps them), with what its grammar lacks: see `spell`, and range<T>.
import { parser, trackVariables } from '@bpmn-io/lezer-feel';
import { spell } from './extensions.js';

const RANGE_TYPE = /\brange(?=\s*<)/g;

/** A text as it is given to the parser, and its tree. `top` is Expression or UnaryTests. */
export function parse(text, context, top = 'Expression') {
  const spelled = spell(text);
  const tree = treeOf(spelled, context, top);
  if (errorAt(tree) === null || !spelled.includes('range')) return { text: spelled, tree };
  const ranged = treeOf(spelled.replace(RANGE_TYPE, 'list '), context, top); // the grammar has no range<T>: read it as list<T>
  return { text: spelled, tree: errorAt(ranged) === null ? ranged : tree };
}

function treeOf(text, context, top) {
  return parser.configure({ top, contextTracker: trackVariables(context) }).parse(text);
}

const errors = new WeakMap();

/** Where the first error in a tree is; null when there is none. */
export function errorAt(tree) {
  if (!errors.has(tree)) {
    let found = null;
    tree.iterate({ enter: (node) => { if (found === null && node.type.isError) found = node.from; } });
    errors.set(tree, found);
  }
  return errors.get(tree);
}

export const childrenOf = (node) => {
  const found = [];
  for (let child = node.firstChild; child; child = child.nextSibling) if (!child.type.isSkipped) found.push(child);
  return found;
};
