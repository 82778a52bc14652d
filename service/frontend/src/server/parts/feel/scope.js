// Names and their values: what the host has given, and around it what the expression binds itself.
import { normalizeContextKey } from '@bpmn-io/lezer-feel';

const ODD = /[^\p{L}\p{N}_?]/u;

/** The entry of that name, in any spelling of its spaces and signs; undefined where there is none. */
export function entryOf(context, name) {
  if (Object.hasOwn(context, name)) return context[name];
  if (!ODD.test(name)) return undefined;
  const wanted = normalizeContextKey(name);
  const key = Object.keys(context).find((other) => ODD.test(other) && normalizeContextKey(other) === wanted);
  return key === undefined ? undefined : context[key];
}

export class Scope {
  constructor(names, outer = null) {
    Object.assign(this, { names, outer });
  }

  /** The value of a name here or further out; undefined for one that nobody has bound. */
  find(name) {
    for (let scope = this; scope; scope = scope.outer) {
      const value = entryOf(scope.names, name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** A scope within this one. Names are bound with `bind`, for `__proto__` is one like any other. */
  within(names = Object.create(null)) {
    return new Scope(names, this);
  }

  bind(name, value) {
    this.names[name] = value;
    return this;
  }
}
