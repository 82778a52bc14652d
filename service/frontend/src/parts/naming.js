// What Swagger UI leaves without a name, or out of reach of the keyboard, gets it here. It draws its parts anew whenever
// something changes, so each change is looked at; it never touches these attributes itself.

/** Keep the parts in `host` named, now and after each change. */
export function keepNamed(host) {
  const name = () => {
    for (const control of host.querySelectorAll(':is(input, select, textarea):not([aria-label])')) {
      const row = control.closest('[data-param-name], [data-property-name]')?.dataset;
      control.setAttribute('aria-label', row?.paramName ?? row?.propertyName ?? 'Request body');
    }
    for (const box of host.querySelectorAll('pre:not([tabindex])')) box.tabIndex = 0; // it scrolls
    for (const table of host.querySelectorAll('table[role=region]')) table.removeAttribute('role'); // it is a table
  };
  new MutationObserver(name).observe(host, { childList: true, subtree: true });
  name();
}
