// form-js' calendar covers what is below its field, so it is there only when asked for: by a click, or by the arrow down.
// It goes with Escape, with typing, and with the focus.

const FIELD = 'input[data-input]';
const typed = new WeakSet(); // calendars that have not taken over yet what was typed

/** The calendar of the date field that an event is about. */
const pickerAt = ({ target }) => target.closest?.('.fjs-datepicker')?.querySelector(FIELD)?._flatpickr;

// form-js' own way takes over what was typed by leaving the field, and so loses the focus.
function enter(picker) {
  if (typed.has(picker)) picker.setDate(picker.input.value, false, picker.config.dateFormat);
  picker.open();
  const day = (kind) => picker.calendarContainer.querySelector(`.flatpickr-day${kind}`);
  (day('.selected') ?? day('.today') ?? day(''))?.focus();
}

// Whoever leaves by the field itself makes form-js believe what was typed; by the calendar it would be forgotten.
function leave(picker, from) {
  if (typed.delete(picker) && from !== picker.input) picker.setDate(picker.input.value, true, picker.config.dateFormat);
  picker.close();
}

export function startCalendars(canvas) {
  let pointed = false;
  canvas.addEventListener('pointerdown', () => { pointed = true; }, true);
  canvas.addEventListener('keydown', (event) => {
    pointed = false;
    if (event.key !== 'ArrowDown' || !event.target.matches(FIELD) || event.target.readOnly) return;
    event.preventDefault();
    event.stopPropagation();
    enter(pickerAt(event));
  }, true);
  canvas.addEventListener('focusin', (event) => { if (!pointed && event.target.matches(FIELD)) pickerAt(event)?.close(); });
  canvas.addEventListener('input', (event) => {
    const picker = event.target.matches(FIELD) && pickerAt(event);
    if (!picker) return;
    if (!event.isTrusted) return typed.delete(picker); // what is picked is told in the same way
    typed.add(picker);
    picker.close();
  });
  canvas.addEventListener('focusout', (event) => {
    const picker = pickerAt(event);
    if (!picker) return;
    const field = event.target.closest('.fjs-datepicker');
    const gone = () => { if (!field.contains(document.activeElement)) leave(picker, event.target); };
    setTimeout(gone); // a day that is picked is drawn anew, and loses the focus meanwhile
  });
}
