// Whoever signed in again, in another tab, has another CSRF token now.

/** The token of who is signed in now, where it is not `known`. */
export async function renewed(known) {
  const [, token] = (await (await fetch('/about')).text()).match(/"X-CSRFToken": "([0-9a-f]+)"/) ?? [];
  return token !== known ? token : undefined;
}
