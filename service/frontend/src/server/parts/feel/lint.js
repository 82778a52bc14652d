// What is FEEL to the parser and was meant otherwise: another language's signs and words, and conditions that are none.
import { childrenOf } from './parse.js';

const SIGNS = { '==': '=', '<>': '!=', '=>': '>=', '=<': '<=', '!==': '!=' };
const WORDS = { True: 'true', False: 'false', None: 'null' };
const VALUES = new Set(['StringLiteral', 'NumericLiteral', 'DateTimeLiteral', 'SimplePositiveUnaryTest']);

/** What was meant otherwise, and where; null for nothing. */
export function mistake(tree, text, isUnary, known) {
  let found = null;
  const said = (node) => text.slice(node.from, node.to);
  const say = (node, what) => { found ??= { what, at: node.from }; };
  tree.iterate({
    enter({ node }) {
      if (node.name === 'CompareOp') {
        const inner = node.nextSibling?.name === 'SimplePositiveUnaryTest' ? node.nextSibling.firstChild : null;
        const signs = inner?.name === 'CompareOp' && inner.from === node.to ? text.slice(node.from, inner.to) : '';
        if (SIGNS[signs]) say(node, `“${signs}” compares with a range; write ${SIGNS[signs]}`);
      }
      if (node.name === 'VariableName' && Object.hasOwn(WORDS, said(node)) && !Object.hasOwn(known, said(node))) {
        if (node.parent.name !== 'PathExpression' || !node.prevSibling) say(node, `“${said(node)}” is the name of a variable; write ${WORDS[said(node)]}`);
      }
      if (isUnary && ['Conjunction', 'Disjunction'].includes(node.name)) {
        const value = childrenOf(node).find((child) => VALUES.has(child.name));
        if (value) say(value, `“${said(value)}” is neither true nor false; write a list as 1, 2, a range as [1..5], and conditions as ? > 1 and ? < 5`);
      }
    },
  });
  return found;
}

const KINDS = { StringLiteral: 'text', NumericLiteral: 'number', BooleanLiteral: 'truth value', DateTimeLiteral: 'date or time' };

/** The names that stand alone in a cell, and the kinds of the literals that the value is compared with. */
export function facts(tree, text) {
  const [alone, kinds] = [[], []];
  const add = (node) => {
    if (node.name === 'VariableName') alone.push(text.slice(node.from, node.to).replace(/\s+/g, ' '));
    else if (KINDS[node.name]) kinds.push(KINDS[node.name]);
    else if (['PositiveUnaryTests', 'PositiveUnaryTest', 'SimplePositiveUnaryTest', 'Interval'].includes(node.name)) childrenOf(node).forEach(add);
  };
  childrenOf(tree.topNode).forEach(add);
  return { alone, kinds };
}
