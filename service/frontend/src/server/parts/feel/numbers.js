// FEEL's numbers are decimals (DMN 1.5 §10.3.2.3.1). Ours are doubles, which JSON and Python hold; each step is reckoned
// in decimals of 34 digits and rounded to a double then, so that 0.1 + 0.2 = 0.3. What is not finite is null.
import Big from 'big.js';

const Decimal = Big();
Decimal.DP = 34;
Decimal.RM = Big.roundHalfEven;

const finite = (value) => (Number.isFinite(value) ? value : null);
const plain = (a, b) => Number.isInteger(a) && Number.isInteger(b);
const safe = (value) => Number.isSafeInteger(value);

/** `quick` on whole numbers when its result is one and exact, else the decimals' `method`. */
function reckoned(quick, method) {
  return (a, b) => {
    const found = quick(a, b);
    if ((plain(a, b) && safe(found)) || !Number.isFinite(found)) return finite(found);
    return finite(Number(new Decimal(a)[method](b)));
  };
}

export const add = reckoned((a, b) => a + b, 'plus');
export const subtract = reckoned((a, b) => a - b, 'minus');
export const multiply = reckoned((a, b) => a * b, 'times');
const quotient = reckoned((a, b) => a / b, 'div');

export const divide = (a, b) => (b === 0 ? null : quotient(a, b));

export function power(base, exponent) {
  const found = base ** exponent;
  if (Number.isInteger(base) && safe(found)) return found;
  const whole = Number.isInteger(exponent) && Math.abs(exponent) <= 100 && Number.isFinite(found) && base !== 0;
  return whole ? finite(Number(new Decimal(base).pow(exponent))) : finite(found);
}

/** §10.3.4.5: the sign is that of the divisor. */
export function modulo(dividend, divisor) {
  if (divisor === 0) return null;
  if (plain(dividend, divisor)) return (((dividend % divisor) + divisor) % divisor) || 0;
  const by = new Decimal(divisor);
  return finite(Number(new Decimal(dividend).minus(by.times(floored(new Decimal(dividend).div(by))))));
}

const floored = (value) => value.round(0, value.lt(0) ? Big.roundUp : Big.roundDown);

const LEAST = -6111; // §10.3.4.5: the scale of a decimal of 34 digits
const MOST = 6176;
const FULL = 400; // decimals, which no double exceeds

/** A function that rounds to `scale` decimals, by big.js' name of the way for positive and for negative numbers. */
export function rounding(positive, negative = positive) {
  return (value, scale) => {
    const digits = Math.trunc(scale);
    if (digits < LEAST || digits > MOST) return null;
    if (digits > FULL) return value;
    if (digits < -FULL) return 0;
    return Number(new Decimal(value).round(digits, Big[value < 0 ? negative : positive])) || 0;
  };
}

const halfUp = rounding('roundHalfUp');
const down = rounding('roundDown');

/** Towards zero where exactly a half is left, which is no way of big.js'. */
export function roundingHalfDown(value, scale) {
  const [up, cut] = [halfUp(value, scale), down(value, scale)];
  if (up === null || up === cut) return up;
  const rest = new Decimal(value).minus(cut).abs();
  return rest.eq(new Decimal(up).minus(cut).abs().div(2)) ? cut : up;
}

const LITERAL = /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const GROUPS = [' ', ',', '.'];
const POINTS = [',', '.'];

/** §10.3.4.1, number(): null for what is no number, and for separators that are none or the same. */
export function readNumber(text, group, point) {
  if (group !== null && !GROUPS.includes(group)) return null;
  if (point !== null && (!POINTS.includes(point) || point === group)) return null;
  const ungrouped = group === null ? text : text.replaceAll(group, '');
  if (point === ',' && ungrouped.includes('.')) return null;
  const written = point === ',' ? ungrouped.replace(',', '.') : ungrouped;
  return LITERAL.test(written) ? finite(Number(written)) : null;
}

export const sum = (list) => list.reduce(add);
export const product = (list) => list.reduce(multiply);
export const mean = (list) => divide(sum(list), list.length);

export function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : mean(sorted.slice(half - 1, half + 1));
}

/** Of a sample (§10.3.4.4): null for less than two. */
export function deviation(list) {
  if (list.length < 2) return null;
  const middle = mean(list);
  return Math.sqrt(divide(sum(list.map((value) => power(subtract(value, middle), 2))), list.length - 1));
}

export function mode(list) {
  const counts = new Map();
  for (const value of list) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].filter(([, count]) => count === most).map(([value]) => value).sort((a, b) => a - b);
}
