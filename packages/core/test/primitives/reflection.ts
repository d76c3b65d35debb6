// What reflection sees of the classes: the attributes of every property, names, lengths, what can be constructed. Plain data, so that a
// child process can answer it; the functions themselves are left out.
import type { Classes } from './program.ts';

export type Portrait = Record<string, unknown>;

/** Portrays the three classes, their prototypes, and an instance of each. */
export function portrait(classes: Classes & { readonly SuppressedError: SuppressedErrorConstructor }): Portrait {
  const { DisposableStack, AsyncDisposableStack, SuppressedError } = classes;
  const result: Portrait = {
    'dispose is one function': DisposableStack.prototype.dispose === DisposableStack.prototype[Symbol.dispose],
    'disposeAsync is one function': AsyncDisposableStack.prototype.disposeAsync === AsyncDisposableStack.prototype[Symbol.asyncDispose],
    'error without a message': properties(new SuppressedError(1, 2)),
    'error with a message': properties(SuppressedError(1, 2, 'text')),
    'order of what the error holds': Reflect.ownKeys(new SuppressedError(1, 2, 'text')).filter((key) => key !== 'stack'),
    'parent of SuppressedError': Object.getPrototypeOf(SuppressedError) === Error && Object.getPrototypeOf(SuppressedError.prototype) === Error.prototype,
  };
  for (const [name, constructor] of Object.entries({ DisposableStack, AsyncDisposableStack, SuppressedError })) {
    result[name] = { ...callable(constructor), ...properties(constructor) };
    result[`${name}.prototype`] = { ...properties(constructor.prototype), ...shape(constructor.prototype) };
    result[`${name} is its prototype's constructor`] = constructor.prototype.constructor === constructor;
  }
  for (const [name, constructor] of Object.entries({ DisposableStack, AsyncDisposableStack })) {
    const instance = new constructor();
    result[`instance of ${name}`] = { ...properties(instance), ...shape(instance) };
    result[`parent of ${name}`] =
      Object.getPrototypeOf(constructor) === Function.prototype && Object.getPrototypeOf(constructor.prototype) === Object.prototype;
  }
  return result;
}

/** The own properties of an object by name; an error's stack left out, which each engine has in its own way. */
export function properties(target: object): Portrait {
  const result: Portrait = {};
  for (const key of Reflect.ownKeys(target).toSorted((a, b) => (String(a) < String(b) ? -1 : 1))) {
    if (key === 'stack') continue;
    const { value, get, set, ...attributes } = Object.getOwnPropertyDescriptor(target, key) as PropertyDescriptor;
    // Node 20 and 22 have symbols of their own making.
    const name = String(key).replace('nodejs.', 'Symbol.');
    result[name] = { ...attributes, value: portray(value), get: portray(get), set: portray(set) };
  }
  return result;
}

function portray(value: unknown): unknown {
  if (typeof value === 'function') return callable(value);
  return typeof value === 'object' && value !== null ? 'object' : String(value);
}

function callable(value: Function): Portrait {
  let constructible = true;
  try {
    Reflect.construct(Object, [], value);
  } catch {
    constructible = false;
  }
  return { name: value.name, length: value.length, constructible, own: Reflect.ownKeys(value).map(String).toSorted() };
}

function shape(value: object): Portrait {
  return { tag: Object.prototype.toString.call(value), extensible: Object.isExtensible(value) };
}
