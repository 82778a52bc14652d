// Regular expressions as XPath and XQuery functions 3.1 write them (DMN 1.5 §10.3.4.3), for JavaScript's RegExp.
//
// Converted: the flag x, escapes of signs that need none, \i and \c, the subtraction of one class from another.
// Unknown to JavaScript, and null: blocks such as \p{IsGreek}.
const FLAGS = /^[smix]*$/;
const SYNTAX = '^$\\.*+?()[]{}|/';
const NAMES = { i: '\\p{L}_:', c: '\\p{L}\\p{N}_:.\\-\\u00b7' };
const KEPT = 500;
const made = new Map();

/** The RegExp for a pattern of XPath's; null when it is none, or the flags are unknown. */
export function patternOf(text, flags = '') {
  const key = `${flags} ${text}`;
  if (!made.has(key)) {
    if (made.size >= KEPT) made.clear();
    made.set(key, make(text, flags));
  }
  const found = made.get(key);
  if (found) found.lastIndex = 0;
  return found;
}

function make(text, flags) {
  if (!FLAGS.test(flags)) return null;
  const known = [...new Set(flags.replaceAll('x', ''))].join('');
  try {
    return new RegExp(converted(flags.includes('x') ? tight(text) : text), `gu${known}`);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The pattern without its white space, as the flag x says: what stands in a class is kept. */
function tight(text) {
  let depth = 0;
  let kept = '';
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '\\') {
      kept += sign + (text[at + 1] ?? '');
      at += 1;
    } else {
      if (sign === '[') depth += 1;
      if (sign === ']') depth -= 1;
      if (depth > 0 || !/[\t\n\r ]/.test(sign)) kept += sign;
    }
  }
  return kept;
}

function converted(text) {
  let written = '';
  for (let at = 0; at < text.length;) {
    if (text[at] === '[') {
      const found = classAt(text, at);
      written += found.written;
      at = found.end;
    } else if (text[at] === '\\') {
      written += escaped(text[at + 1] ?? '', false);
      at += 2;
    } else {
      written += text[at];
      at += 1;
    }
  }
  return written;
}

function escaped(sign, within) {
  if (/[ic]/i.test(sign)) {
    const names = NAMES[sign.toLowerCase()];
    if (within) return sign === sign.toLowerCase() ? names : `\\${sign}`;
    return `[${sign === sign.toLowerCase() ? '' : '^'}${names}]`;
  }
  if (/[\p{L}\p{N}]/u.test(sign) || SYNTAX.includes(sign) || (within && sign === '-')) return `\\${sign}`;
  return sign;
}

/** The class that begins at `at`: `[a-z-[aeiou]]` is what is no vowel and then a letter. */
function classAt(text, at) {
  let inner = '';
  let place = at + 1;
  while (place < text.length && text[place] !== ']') {
    if (text[place] === '\\') {
      inner += escaped(text[place + 1] ?? '', true);
      place += 2;
    } else if (text[place] === '-' && text[place + 1] === '[') {
      const taken = classAt(text, place + 1);
      return { written: `(?!${taken.written})[${inner}]`, end: taken.end + 1 };
    } else {
      inner += text[place] === '[' ? '\\[' : text[place];
      place += 1;
    }
  }
  return { written: text[place] === ']' ? `[${inner}]` : `[${inner}`, end: place + 1 };
}

const takesNothing = (regexp) => regexp.test(''); // XPath's error FORX0003

/** §10.3.4.3: null for a pattern that is none, or fits the empty text. */
export function replaced(text, pattern, replacement, flags) {
  const regexp = patternOf(pattern, flags);
  if (!regexp || takesNothing(regexp) || !/^(?:[^\\$]|\\[\\$]|\$\d)*$/.test(replacement)) return null;
  regexp.lastIndex = 0;
  return text.replace(regexp, (...found) => {
    const groups = found.slice(0, found.findIndex((part) => typeof part === 'number'));
    return replacement.replace(/\\([\\$])|\$(\d+)/g, (_, sign, number) => sign ?? referred(groups, number));
  });
}

/** `$12` is the twelfth group, or where there are fewer the first and a 2. */
function referred(groups, number) {
  if (+number < groups.length || number.length === 1) return groups[+number] ?? '';
  return (groups[+number[0]] ?? '') + number.slice(1);
}

export function found(text, pattern, flags) {
  const regexp = patternOf(pattern, flags);
  return regexp && regexp.test(text);
}

export function pieces(text, delimiter) {
  const regexp = patternOf(delimiter);
  if (!regexp || takesNothing(regexp)) return null;
  regexp.lastIndex = 0;
  const result = [];
  let begin = 0;
  for (const match of text.matchAll(regexp)) {
    result.push(text.slice(begin, match.index));
    begin = match.index + match[0].length;
  }
  return [...result, text.slice(begin)];
}

export function occurrences(text, pattern) {
  const regexp = patternOf(pattern);
  return regexp && [...text.matchAll(regexp)].map(([match]) => match);
}
