// After an act by keyboard the same page comes back as a full load: the focus goes to where it was, [data-place], or else
// to the page's content, so that nobody has to walk there again from the top.

const KEY = 'place';
const FOCUSABLE = 'a[href], button, input:not([type=hidden]), select, textarea';

/** The element itself, or the first thing in it, that can have the focus. */
export const focusable = (element) => (element.matches(FOCUSABLE) ? element : element.querySelector(FOCUSABLE));

const openerOf = (form) => document.querySelector(`[data-dialog="${form.closest('dialog')?.id}"]`);

/** Where the focus belongs when `form` has been sent by keyboard; for `keep`. */
export function noted(form) {
  if (!document.activeElement?.matches(':focus-visible')) return null;
  return [window.location.pathname, (openerOf(form) ?? form).closest('[data-place]')?.dataset.place ?? ''];
}

export function keep(place) {
  if (place) sessionStorage.setItem(KEY, JSON.stringify(place));
}

export function startPlace() {
  const [path, place] = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
  sessionStorage.removeItem(KEY);
  if (path === window.location.pathname && !document.querySelector('[autofocus]')) {
    const found = place && document.querySelector(`[data-place="${CSS.escape(place)}"]`);
    ((found && focusable(found)) || document.getElementById('main')).focus();
  }
  document.addEventListener('submit', (event) => { if (!event.defaultPrevented) keep(noted(event.target)); });
}
