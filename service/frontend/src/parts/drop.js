// <form data-drop> with a file field: files may be dropped on it or pasted into the page, and are sent one after the other,
// each with its progress; what the server refuses is said at its file, and the others go on. Without this it posts as any form.
import { sent } from './drafts.js';
import { renewed } from './token.js';
import { spoken } from './words.js';

const MANY = 100; // files in one go

function line(list, file) {
  const item = document.createElement('li');
  const name = document.createElement('span');
  name.textContent = file.name;
  const bar = document.createElement('progress');
  bar.max = 1;
  bar.value = 0;
  bar.ariaLabel = spoken('{name}: sent so far', { name: file.name });
  item.append(name, bar);
  list.append(item);
  return item;
}

// The answer to one file: {ok, status, location or detail}.
function post(form, file, submitter, many, progress) {
  const body = new FormData(form, submitter);
  body.delete('files');
  body.append('files', file, file.name);
  body.append('one_of', many);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('Accept', 'application/json, application/problem+json');
    request.responseType = 'json';
    request.upload.addEventListener('progress', (event) => progress(event.lengthComputable ? event.loaded / event.total : 0));
    request.addEventListener('load', () => resolve({ ok: request.status < 300, status: request.status, wait: Number(request.getResponseHeader('Retry-After')), ...request.response }));
    request.addEventListener('error', () => resolve({ ok: false, status: 0, detail: spoken('The server could not be reached; send it again.') }));
    request.send(body);
  });
}

const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

// A file, once more with a newer token, or after waiting where the server asks for it.
async function sendOne(form, file, submitter, many, progress) {
  const answer = await post(form, file, submitter, many, progress);
  const token = form.elements.csrf_token;
  if (answer.status === 403) {
    const newer = await renewed(token.value);
    if (!newer) return answer;
    token.value = newer;
    return post(form, file, submitter, many, progress);
  }
  if (answer.status !== 429 && answer.status !== 503) return answer;
  await pause(Math.min(answer.wait || 2, 70));
  return post(form, file, submitter, many, progress);
}

async function sendAll(form, files, submitter) {
  const list = form.querySelector('[data-uploads]');
  list.replaceChildren();
  const left = [];
  let location;
  for (const file of files) {
    const item = line(list, file);
    const bar = item.querySelector('progress');
    const answer = await sendOne(form, file, submitter, files.length, (part) => { bar.value = part; });
    bar.remove();
    const said = document.createElement('span');
    if (answer.ok) {
      location = answer.location;
      said.textContent = spoken('in the folder');
      said.className = 'good';
    } else {
      left.push(file);
      said.textContent = answer.detail ?? answer.title ?? spoken('The server answered {status}.', { status: answer.status });
      said.className = 'error';
    }
    item.append(said);
  }
  keep(form, left);
  if (!location || left.length) return;
  sent(form);
  const to = new URL(location, window.location.href);
  to.searchParams.set('brought', files.length);
  window.location.assign(to);
}

function keep(form, files) {
  const kept = new DataTransfer();
  files.forEach((file) => kept.items.add(file));
  form.elements.files.files = kept.files;
}

function take(form, given) {
  const field = form.elements.files;
  const files = [...given].filter((file) => file.size || file.type);
  if (!files.length) return;
  keep(form, field.multiple ? [...field.files, ...files].slice(0, MANY) : files.slice(0, 1));
  field.focus();
}

export function startDropping() {
  const form = document.querySelector('form[data-drop]');
  if (!form) return;
  const place = form.querySelector('.drop');
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    place.dataset.over = '';
  });
  document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) delete place.dataset.over; });
  document.addEventListener('drop', (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    delete place.dataset.over;
    take(form, event.dataTransfer.files);
  });
  document.addEventListener('paste', (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    take(form, event.clipboardData.files);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (form.ariaBusy === 'true') return;
    form.ariaBusy = 'true';
    sendAll(form, [...form.elements.files.files], event.submitter).finally(() => {
      form.ariaBusy = null;
      delete form.dataset.sent;
    });
  });
}
