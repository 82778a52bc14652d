// The API's reference on <div data-reference data-document="URL" data-csrf="TOKEN">: Swagger UI, told to fit in here.
//
// It reads the OpenAPI document, shows every call and sends what is tried. Nothing leaves this origin. The browser's
// sign-in is sent along by itself; what it needs beside, our CSRF token, is put on here, after the request was shown.
import { createElement as h } from 'react';
import SwaggerUI from 'swagger-ui';
import './styles/reference.css';
import { mount } from './parts/mount.js';
import { keepNamed } from './parts/naming.js';

const SAFE = ['GET', 'HEAD'];
const TOKEN = 'Authorization: Bearer $TOKEN';

/** `fetch` for everything that the reference sends. */
const sender = (csrf) => async (url, options) => {
  if (new URL(url, window.location.href).origin !== window.location.origin) throw new Error('This page talks to its own server only.');
  const headers = SAFE.includes((options.method ?? 'GET').toUpperCase()) ? options.headers : { ...options.headers, 'X-CSRFToken': csrf };
  return fetch(url, { ...options, headers });
};

/** The call as one can type it; what is in braces is for the reader to fill in. */
function example(path, method, operation) {
  const lines = [`curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} "${window.location.origin}/api/v1${path}"`];
  if (operation.get('security')?.size !== 0) lines.push(`-H "${TOKEN}"`);
  operation.getIn(['requestBody', 'content'])?.forEach((content, media) => {
    if (media === 'multipart/form-data') lines.push('-F files=@claim.bpmn', '-F files=@claim-intake.form');
    else lines.push(`-H "Content-Type: ${media}"`, `-d '${JSON.stringify(content.get('example')).replaceAll("'", "'\\''")}'`);
  });
  return lines.join(' \\\n  ');
}

const Code = ({ title, text, getComponent }) => h('div', { className: 'curl-command' },
  h('h4', null, title), h(getComponent('HighlightCode', true), { canCopy: true, className: 'curl' }, text));

/** The request that was sent, as curl; the shell puts the token in, so its quotes have to let it. */
const Sent = ({ request, fn, getComponent }) => h(Code, {
  title: 'As curl', getComponent, text: fn.requestSnippetGenerator_curl_bash(request).replace(`'${TOKEN}'`, `"${TOKEN}"`),
});

/** The answers of a call, below an example of it. */
const withExample = (Responses) => (props) => {
  const { path, method, specSelectors, getComponent, tryItOutResponse } = props;
  const operation = specSelectors.specJson().getIn(['paths', path, method]);
  return h('div', null, operation && !tryItOutResponse
    && h('div', { className: 'responses-inner' }, h(Code, { title: 'With curl', text: example(path, method, operation), getComponent })), h(Responses, props));
};

/** An answer; every refusal is the same kind of thing, which need not be drawn eight times for each call. */
const withoutProblem = (Response) => (props) => h(Response, Number(props.code) < 400 ? props : { ...props, response: props.response.delete('content') });

/** Only what our page has not itself: no title, no servers to choose from, no second <main>. */
function Layout({ getComponent, specSelectors }) {
  const part = (name) => h(getComponent(name, true));
  if (specSelectors.loadingStatus() === 'loading') return h('p', { className: 'dim' }, 'Loading the calls…');
  return h('div', { className: 'swagger-ui' }, h(getComponent('SvgAssets')), part('errors'), part('operations'), part('Models'));
}

/** Every call of every noun. Swagger UI's own draws no more than fits the window where there are many: then the browser's search finds none. */
function Operations({ specSelectors, layoutSelectors, layoutActions, oas3Selectors, getConfigs, getComponent }) {
  const [Tag, Call] = [getComponent('OperationTag'), getComponent('OperationContainer', true)];
  const common = { layoutSelectors, layoutActions, oas3Selectors, getConfigs, getComponent, specUrl: specSelectors.url() };
  const call = (tag) => (op) => h(Call, { key: op.get('id'), specPath: op.get('specPath'), op, path: op.get('path'), method: op.get('method'), tag });
  return h('div', null, specSelectors.taggedOperations().map((tagObj, tag) => h(Tag, { key: tag, tagObj, tag, ...common },
    h('div', { className: 'operation-tag-content' }, tagObj.get('operations').map(call(tag)).toArray()))).valueSeq().toArray());
}

/** Keep what says `phrase` in its method, path, summary or description. */
function search(tagged, phrase) {
  const wanted = phrase.toLowerCase().split(/\s+/);
  const fits = (call) => {
    const said = [call.get('method'), call.get('path'), call.getIn(['operation', 'summary']), call.getIn(['operation', 'description'])].join(' ').toLowerCase();
    return wanted.every((word) => said.includes(word));
  };
  return tagged.map((tag) => tag.update('operations', (calls) => calls.filter(fits))).filter((tag) => tag.get('operations').size);
}

const ours = () => ({
  fn: { opsFilter: search },
  components: { Layout, curl: Sent },
  wrapComponents: {
    operations: () => Operations,
    responses: withExample,
    response: withoutProblem,
    DeepLink: () => ({ text }) => h('span', null, text), // a link, but it stands in a button
    authorizeOperationBtn: () => () => null, // the page has one field for the token
  },
});

function start(host) {
  const send = sender(host.dataset.csrf);
  const ui = SwaggerUI({
    domNode: host,
    url: host.dataset.document,
    layout: 'Layout',
    plugins: [ours],
    deepLinking: true,
    tryItOutEnabled: true,
    filter: true,
    defaultModelRendering: 'example',
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    validatorUrl: null,
    syntaxHighlight: false,
    requestInterceptor: (request) => {
      request.userFetch = send;
      request.curlOptions = request.headers.Authorization ? [] : ['-H', TOKEN];
      return request;
    },
    onComplete: () => { host.dataset.ready = ''; },
  });
  keepNamed(host);
  const tools = document.querySelector('[data-reference-tools]');
  tools.hidden = false;
  tools.querySelector('[name=token]').addEventListener('input', ({ target }) => {
    if (target.value.trim()) ui.preauthorizeApiKey('token', target.value.trim());
    else ui.getSystem().authActions.logout(['token']);
  });
  tools.querySelector('[name=search]').addEventListener('input', ({ target }) => {
    ui.getSystem().layoutActions.updateFilter(target.value.trim() || true);
  });
}

mount('[data-reference]', start);
