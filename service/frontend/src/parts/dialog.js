// <button data-dialog="ID"> opens the <dialog id="ID">; a click beside it or on [data-close] closes it.

export function startDialogs() {
  document.addEventListener('click', (event) => {
    const opener = event.target.closest('[data-dialog]');
    if (opener) {
      event.preventDefault();
      const dialog = document.getElementById(opener.dataset.dialog);
      if (!dialog.open) dialog.showModal();
      dialog.querySelector('input:not([type=hidden]), select, textarea, .tile')?.focus();
    }
    const dialog = event.target.closest('dialog');
    if (dialog && (event.target === dialog || event.target.closest('[data-close]'))) dialog.close();
  });
}
