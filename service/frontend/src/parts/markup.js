// Markup that somebody else wrote, in a form or in a value that a form shows: text with its structure, links and pictures,
// and nothing that a library on the page, or a script of ours, takes as an order. What is not named here is not kept.
//
// It stands before form-js' own sanitisers, which keep `data-*`, `class`, `id`, `form` and more.
import { escapeHTML, Html, MarkdownRenderer, useTemplateEvaluation } from '@bpmn-io/form-js-viewer';

const words = (text) => new Set(text.trim().split(/\s+/));

const ELEMENTS = words(`
  a abbr b bdi bdo blockquote br caption cite code col colgroup dd del dfn div dl dt em figcaption figure
  h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong sub sup
  table tbody td tfoot th thead time tr u ul var wbr`);
// These go with what is in them; of others that are not named above, the content stays.
const DROPPED = words(`
  audio canvas embed frame frameset head iframe math noembed noframes noscript object plaintext script select style svg
  template textarea title video xmp`);
const EVERYWHERE = words('dir lang title');
const ATTRIBUTES = {
  a: words('href'), img: words('alt height src width'), ol: words('reversed start type'), li: words('value'),
  td: words('align colspan rowspan'), th: words('align colspan rowspan scope'), col: words('span'), colgroup: words('span'),
};
const LINKS = words('http: https: mailto: tel:');

function leadsSomewhere(address) {
  try {
    return LINKS.has(new URL(address, document.baseURI).protocol);
  } catch {
    return false;
  }
}

function isKept(element, name, value) {
  if (!EVERYWHERE.has(name) && !ATTRIBUTES[element]?.has(name)) return false;
  if (name === 'href') return leadsSomewhere(value);
  if (name === 'src') return /^data:image\//i.test(value); // others would be called with the reader's sign-in
  return true;
}

function copy(from, to) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.localName)) continue;
    if (ELEMENTS.has(node.localName)) to.append(copied(node, to.ownerDocument));
    else copy(node, to);
  }
}

function copied(node, owner) {
  const element = owner.createElement(node.localName);
  for (const { name, value } of node.attributes) {
    if (isKept(node.localName, name, value)) element.setAttribute(name, value);
  }
  copy(node, element);
  return element;
}

/** `html` without what is not named above. */
export function sanitise(html) {
  const inert = new DOMParser().parseFromString(`<body>${html}`, 'text/html');
  const clean = inert.createElement('div');
  copy(inert.body, clean);
  return clean.innerHTML;
}

// form-js would look for a template in it, and evaluate what a value says.
const noTemplate = (html) => html.replaceAll('{', '&#123;').replace(/^=/, '&#61;');

function SafeHtml(props) {
  const { content = '', strict = false } = props.field;
  const html = useTemplateEvaluation(content, { debug: true, strict, sanitizer: escapeHTML });
  return Html({ ...props, field: { ...props.field, content: noTemplate(sanitise(html)) } });
}
SafeHtml.config = Html.config;

class SafeMarkdown extends MarkdownRenderer {
  render(markdown) {
    return sanitise(super.render(markdown));
  }
}

class SafeFields {
  static $inject = ['formFields'];

  constructor(formFields) {
    formFields.register('html', SafeHtml);
  }
}

/** What makes form-js show other people's markup through `sanitise`. */
export const safeMarkup = {
  __init__: ['safeFields'],
  safeFields: ['type', SafeFields],
  markdownRenderer: ['type', SafeMarkdown],
};
