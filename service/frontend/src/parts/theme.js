// Light, dark, or as the system says. Kept in a cookie, so that the server writes it into the page and nothing flashes.

const YEAR = 365 * 24 * 3600;

export function startTheme() {
  const root = document.documentElement;
  for (const choice of document.querySelectorAll('[data-theme-choice]')) {
    choice.checked = choice.value === (root.dataset.theme ?? 'auto');
    choice.addEventListener('change', () => {
      if (choice.value === 'auto') delete root.dataset.theme;
      else root.dataset.theme = choice.value;
      document.cookie = `theme=${choice.value}; path=/; max-age=${YEAR}; SameSite=Lax`;
    });
  }
}
