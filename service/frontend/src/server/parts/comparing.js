// feelin compares as JavaScript does: 1000 > "100" was true. Values of different kinds have no order (§10.3.2.13, table 55):
// every range that feelin makes, and `>` and its like are ranges, says null of a value that is not of its kind. Not in forms, which mean what they mean in the browser.
import { evaluate } from '@bpmn-io/feelin';
import { DateTime, Duration } from 'luxon';

let isStrict = false;

/** What `action` gives when kinds are looked at. */
export function strictly(action) {
  const before = isStrict;
  isStrict = true;
  try {
    return action();
  } finally {
    isStrict = before;
  }
}

const kindOf = (value) => (DateTime.isDateTime(value) ? 'moment' : Duration.isDuration(value) ? 'duration' : typeof value);

Object.defineProperty(Object.getPrototypeOf(evaluate('[1..2]', {}).value), 'includes', {
  set(holds) {
    const bound = this.start ?? this.end;
    const includes = (value) => (isStrict && (bound ?? null) !== null && kindOf(value) !== kindOf(bound) ? null : holds(value));
    Object.defineProperty(this, 'includes', { value: includes, enumerable: true, writable: true, configurable: true });
  },
});
