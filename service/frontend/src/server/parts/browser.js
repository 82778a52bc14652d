// What forms need of feelin besides: they mean what they mean in the browser, so it evaluates them, and not ../feel/.
import { DateTime, Duration, FixedOffsetZone, SystemZone } from 'luxon';
import { EXTENSIONS } from './feel/extensions.js';
import { childrenOf } from './feel/parse.js';

/** A value of feelin's as form-js holds it: dates, times and durations as texts; what has no JSON form is null. */
export function plain(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (DateTime.isDateTime(value)) return momentText(value);
  if (Duration.isDuration(value)) return durationText(value);
  return Object.getPrototypeOf(value) === Object.prototype
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) : null;
}

function momentText(moment) {
  if (!moment.isValid) return null;
  if (moment.year === 1900 && moment.month === 1 && moment.day === 1) return moment.toISOTime({ includeOffset: moment.zone !== SystemZone.instance });
  const midnight = moment.hour + moment.minute + moment.second + moment.millisecond === 0;
  return midnight && moment.zone === FixedOffsetZone.utcInstance ? moment.toISODate() : moment.toISO();
}

function durationText(duration) {
  if (!duration.isValid) return null;
  const { years = 0, quarters = 0, months = 0, ...rest } = duration.toObject();
  const total = 12 * years + 3 * quarters + months;
  if (total === 0) return `PT${duration.toMillis() / 1000}S`;
  if (Object.values(rest).some((part) => part !== 0)) return null;
  return `${total < 0 ? '-' : ''}${Duration.fromObject({ years: Math.abs(Math.trunc(total / 12)), months: Math.abs(total % 12) }).toISO()}`;
}

const LACKING = new Set([
  'overlaps before', 'overlaps after', 'finishes', 'finished by', 'during', 'starts', 'started by', 'coincides', 'range',
  ...Object.keys(EXTENSIONS),
]);
const PATTERNS = { matches: 2, replace: 3 }; // the place of the flags

/** What feelin 6.1 has not, of a text that it can parse: it would say so only where it meets it, or give null. */
export function unimplemented(tree, text) {
  let found = null;
  const said = (node) => text.slice(node.from, node.to).replace(/\s+/g, ' ');
  tree.iterate({
    enter({ node }) {
      if (node.name === 'SpecialType') found ??= said(node);
      if (node.name === 'ListType' && text.startsWith('range', node.from)) found ??= 'range<…>';
      if (!['FunctionInvocation', 'DateTimeLiteral'].includes(node.name) || !node.firstChild) return;
      const name = said(node.firstChild);
      const given = (node.getChild('PositionalParameters') ? childrenOf(node.getChild('PositionalParameters')) : []).map(said);
      if (node.name === 'FunctionInvocation' && LACKING.has(name)) found ??= name.replaceAll('_', ' ');
      if (name === 'time' && given.length > 3) found ??= 'time(…, offset)';
      if (/^"-\d/.test(given[0] ?? name.replace(/^@\s*/, ''))) found ??= 'a year before the first';
      if (PATTERNS[name] && /x/.test(given[PATTERNS[name]] ?? '')) found ??= 'the flag x';
    },
  });
  return found;
}
