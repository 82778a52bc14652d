// What is clicked in a diagram is chosen in the form beside it, which says the same to those who do not click:
//   <select data-pick="ELEMENT">   what becomes of what stands at that element: it gets the focus
//   <select data-pick-else>        else the first of these in which nothing is chosen yet gets the element, where it has it
export function pick(id) {
  const there = document.querySelector(`[data-pick="${CSS.escape(id)}"]`);
  const free = [...document.querySelectorAll('[data-pick-else]')].find((each) => !each.value && each.querySelector(`option[value="${CSS.escape(id)}"]`));
  if (!there && free) free.value = id;
  const chosen = there ?? free;
  chosen?.focus();
  chosen?.closest('fieldset, .field').scrollIntoView({ block: 'center' });
}
