// Rows whose order is the order in which they are sent: <button data-earlier> moves its row before the one above it.

export function startOrder() {
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-earlier]');
    const row = button?.closest('[data-ordered]');
    const above = row?.previousElementSibling;
    if (!above?.matches('[data-ordered]')) return;
    above.before(row);
    button.focus();
  });
}
