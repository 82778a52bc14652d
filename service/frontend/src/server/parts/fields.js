// What form-js 2.0 knows of each kind of field: how a value is read, which values are right, and its very words for
// those that are not. Rules and texts are those of form-js-viewer's Validator and sanitizers; where a browser enforces
// a rule by its widgets alone (membership, dates), the check and its text are ours.
import Big from 'big.js';

const EMAIL = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const CALLING_CODES = [
  String.raw`297|93|244|1264|358|355|376|971|54|374|1684|1268|61|43|994|257|32|229|226|880|359|973|1242|387|590|`,
  String.raw`375|501|1441|591|55|1246|673|975|267|236|1|61|41|56|86|225|237|243|242|682|57|269|238|506|53|5999|`,
  String.raw`61|1345|357|420|49|253|1767|45|1809|1829|1849|213|593|20|291|212|34|372|251|358|679|500|33|298|691|`,
  String.raw`241|44|995|44|233|350|224|590|220|245|240|30|1473|299|502|594|1671|592|852|504|385|509|36|62|44|91|`,
  String.raw`246|353|98|964|354|972|39|1876|44|962|81|76|77|254|996|855|686|1869|82|383|965|856|961|231|218|1758|`,
  String.raw`423|94|266|370|352|371|853|590|212|377|373|261|960|52|692|389|223|356|95|382|976|1670|258|222|1664|`,
  String.raw`596|230|265|60|262|264|687|227|672|234|505|683|31|47|977|674|64|968|92|507|64|51|63|680|675|48|1787|`,
  String.raw`1939|850|351|595|970|689|974|262|40|7|250|966|249|221|65|500|4779|677|232|503|378|252|508|381|211|`,
  String.raw`239|597|421|386|46|268|1721|248|963|1649|235|228|66|992|690|993|670|676|1868|216|90|688|886|255|256|`,
  String.raw`380|598|1|998|3906698|379|1784|58|1284|1340|84|678|681|685|967|27|260|263`,
].join('');
const SECOND_CODES = [
  String.raw`9[976]\d|8[987530]\d|6[987]\d|5[90]\d|42\d|3[875]\d|2[98654321]\d|9[8543210]|8[6421]|6[6543210]|`,
  String.raw`5[87654321]|4[987654310]|3[9643210]|2[70]|7|1`,
].join('');
const PHONE = new RegExp(String.raw`(\+|00)(${CALLING_CODES})(${SECOND_CODES})\d{4,20}$`);
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?$/;
const FILES = /^files::[\w-]{1,200}$/;
const INTERVALS = [1, 5, 10, 15, 30, 60];

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNil = (value) => value === null || value === undefined;
const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

// --- Options

const isPrimitive = (value) => ['number', 'string', 'boolean'].includes(typeof value) && (value || value === 0 || value === false);
const isAllowed = (value) => (typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : isPrimitive(value));

function option(given) {
  if (isPrimitive(given)) return given;
  if (!isObject(given)) return undefined;
  const labelled = typeof given.label === 'string' && given.label !== '';
  return (labelled ? isAllowed(given.value) : isPrimitive(given.value)) ? given.value : undefined;
}

/** The values that a list of options offers; entries that form-js would not show are left out. */
export function optionValues(options) {
  if (!Array.isArray(options)) return [];
  return options.filter(isAllowed).map(option).filter((value) => value !== undefined);
}

// --- Reading: [value, what is wrong with it]. `offered` are the options' values, or null when they come from FEEL.

const text = (clean) => (value) => {
  if (isNil(value)) return [''];
  return typeof value === 'object' ? ['', 'Value is not a text.'] : [clean(String(value))];
};

function number(value, field) {
  if (isNil(value) || value === '') return [null];
  if (!['number', 'string'].includes(typeof value) || Number.isNaN(Number(value)) || !Number.isFinite(Number(value))) {
    return [null, 'Value is not a number.'];
  }
  return [field.serializeToString ? value.toString() : Number(value)];
}

const single = (value, field, offered) => {
  if (isNil(value) || value === '') return [null];
  return offered && !offered.some((known) => same(known, value)) ? [null, 'Value is not one of the options.'] : [value];
};

const multiple = (value, field, offered) => {
  if (isNil(value)) return [[]];
  if (!Array.isArray(value)) return [[], 'Value is not a list.'];
  const isKnown = (item) => !offered || offered.some((known) => same(known, item));
  return value.every(isKnown) ? [value] : [value.filter(isKnown), 'Value is not one of the options.'];
};

function isDate(value) {
  const found = DATE.exec(value);
  if (!found) return false;
  const [year, month, day] = found.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0;
}

function isTime(value, format) {
  const found = TIME.exec(value);
  if (!found || +found[1] > 23 || +found[2] > 59 || +(found[3] ?? 0) > 59) return false;
  if (format === 'utc_normalized') return found[4] === 'Z';
  if (format === 'no_timezone') return found[4] === undefined;
  return format !== 'utc_offset' || found[4] !== undefined;
}

function datetime(value, field) {
  if (isNil(value) || value === '') return [null];
  const format = field.timeSerializingFormat;
  if (typeof value === 'string') {
    const [date, time, ...rest] = value.split('T');
    if (field.subtype === 'time' && isTime(value, format)) return [value];
    if (field.subtype === 'datetime' && rest.length === 0 && isDate(date) && isTime(time ?? '', format)) return [value];
    if ((field.subtype ?? 'date') === 'date' && isDate(value)) return [value];
  }
  const kind = { time: 'time', datetime: 'date and time' }[field.subtype] ?? 'date';
  return [null, `Value is not a ${kind}.`];
}

const checkbox = (value) => (isNil(value) || typeof value === 'boolean' ? [value === true] : [false, 'Value is not true or false.']);
const files = (value) => {
  if (isNil(value) || value === '') return [null];
  return typeof value === 'string' && FILES.test(value) ? [value] : [null, 'Value is not a file.'];
};

export const KEYED = {
  textfield: { empty: '', read: text((value) => value.replace(/[\r\n\t]/g, ' ')) },
  textarea: { empty: '', read: text((value) => value) },
  number: { empty: null, read: number },
  datetime: { empty: null, read: datetime },
  checkbox: { empty: false, read: checkbox },
  radio: { empty: null, read: single, options: true },
  select: { empty: null, read: single, options: true },
  checklist: { empty: [], read: multiple, options: true },
  taglist: { empty: [], read: multiple, options: true },
  expression: { empty: null, read: (value) => [value] },
  filepicker: { empty: null, read: files },
};

// --- Checking

function decimals(value) {
  const number = Big(value);
  return number.toString() === number.toFixed(0) ? 0 : (number.toFixed().split('.')[1] ?? '').length;
}

function numberErrors({ decimalDigits, increment }, value) {
  const errors = [];
  if (!value) return errors;
  if (decimalDigits >= 0 && decimals(value) > decimalDigits) {
    errors.push(decimalDigits === 0 ? 'Value is expected to be an integer.'
      : `Value is expected to have at most ${decimalDigits} decimal digit${decimalDigits === 1 ? '' : 's'}.`);
  }
  if (increment) {
    const offset = Big(value).mod(Big(increment));
    if (offset.cmp(0) !== 0) {
      const previous = Big(value).minus(offset);
      errors.push(`Please select a valid value, the two nearest valid values are ${previous} and ${previous.plus(Big(increment))}.`);
    }
  }
  return errors;
}

function limit(errors, validate, name, value, breaks, word) {
  if (isNil(validate[name]) || !(value || value === 0)) return;
  try {
    if (breaks(Big(value), Big(validate[name]))) errors.push(`Field must have ${word}imum value of ${validate[name]}.`);
  } catch {
    errors.push(`${word[0].toUpperCase()}${word.slice(1)} validation value is not a valid number.`);
  }
}

function textErrors(errors, validate, value) {
  const { length } = value.trim(); // UTF-16 units, as browsers count
  if (!isNil(validate.minLength) && length < validate.minLength) errors.push(`Field must have minimum length of ${validate.minLength}.`);
  if (!isNil(validate.maxLength) && length > validate.maxLength) errors.push(`Field must have maximum length of ${validate.maxLength}.`);
  if (validate.validationType === 'phone' && !PHONE.test(value)) errors.push('Field must be a valid international phone number. (e.g. +4930664040900)');
  if (validate.validationType === 'email' && !EMAIL.test(value)) errors.push('Field must be a valid email.');
}

/** form-js' errors for a field's value, in its order. FEEL in `validate` is evaluated already. */
export function fieldErrors(field, validate, value) {
  const errors = field.type === 'number' ? numberErrors(field, value) : [];
  if (!validate) return errors;
  if (validate.pattern && value && !new RegExp(validate.pattern).test(value)) {
    errors.push(validate.patternErrorMessage || `Field must match pattern ${validate.pattern}.`);
  }
  const unchecked = field.type === 'checkbox' && value === false;
  if (validate.required && (unchecked || isNil(value) || value === '' || (Array.isArray(value) && value.length === 0))) {
    errors.push('Field is required.');
  }
  limit(errors, validate, 'min', value, (given, bound) => given.lt(bound), 'min');
  limit(errors, validate, 'max', value, (given, bound) => given.gt(bound), 'max');
  if (value && typeof value === 'string') textErrors(errors, validate, value);
  return errors;
}

/** What the date picker alone enforces in a browser. A value that the case already had is left in peace. */
export function dateErrors(field, value, before, today) {
  if (field.type !== 'datetime' || typeof value !== 'string' || value === before) return [];
  const errors = [];
  if (field.disallowPassedDates && field.subtype !== 'time' && value.slice(0, 10) < today) errors.push('Date must not be in the past.');
  const time = field.subtype === 'time' ? value : value.split('T')[1];
  const interval = INTERVALS.includes(field.timeInterval) ? field.timeInterval : 15;
  if (time && field.subtype !== 'date' && (60 * +time.slice(0, 2) + +time.slice(3, 5)) % interval !== 0 && !time.endsWith('Z')) {
    errors.push(`Time must be a multiple of ${interval} minutes.`);
  }
  return errors;
}
