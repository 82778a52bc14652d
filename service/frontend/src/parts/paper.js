// <button data-print>: the browser's own dialog; a page that is made to be printed, [data-print-now], opens it at once.

export function startPaper() {
  document.addEventListener('click', (event) => { if (event.target.closest('[data-print]')) window.print(); });
  if (!document.querySelector('[data-print-now]')) return;
  document.querySelectorAll('.paper details').forEach((folded) => { folded.open = true; });
  window.addEventListener('load', () => window.print(), { once: true });
}
