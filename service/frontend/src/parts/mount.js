/**
 * Islands: a module mounts itself on every host that matches, now and after each htmx swap.
 *
 * `start(host)` may return a function, which is called for a host that htmx has updated in place.
 */
export function mount(selector, start) {
  const mounted = new WeakMap();
  const scan = () => {
    for (const host of document.querySelectorAll(selector)) {
      if (!mounted.has(host)) mounted.set(host, start(host));
      else mounted.get(host)?.();
    }
  };
  document.addEventListener('htmx:after:swap', scan);
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', scan);
  else scan();
}

/** The JSON in the host's `<script type="application/json" NAME>`, or `otherwise` where there is none. */
export function json(host, name, otherwise) {
  const text = host.querySelector(`script[${name}]`)?.textContent.trim();
  return text ? JSON.parse(text) : otherwise;
}
