// What separates a built-in class from one written by hand: the attributes of its properties, its name, and the prototype that an
// instance gets when a foreign constructor asks for it. Used by the three classes of this folder; nothing here is global.

/** Defines a property as the specification defines a built-in's: writable, configurable, not enumerable. */
export function defineHidden(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: false, configurable: true });
}

/**
 * Gives a function the name that the specification gives it. It is set by hand, because bundlers rename classes and because a method
 * whose key is Node 20's symbol would be called `[nodejs.dispose]`.
 */
export function nameIntrinsic<F extends object>(intrinsic: F, name: string): F {
  Object.defineProperty(intrinsic, 'name', { value: name, writable: false, enumerable: false, configurable: true });
  return intrinsic;
}

/**
 * Makes a class of this folder look like a built-in: its name, its tag, and the symbol under which its disposing method is reached as
 * well. The latter must be the same function object, which no class syntax can say.
 */
export function asIntrinsicStack<C extends { readonly prototype: object }>(constructor: C, name: string, symbol: symbol, method: keyof C['prototype']): C {
  defineHidden(constructor.prototype, symbol, (constructor.prototype as C['prototype'])[method]);
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: name, writable: false, enumerable: false, configurable: true });
  return nameIntrinsic(constructor, name);
}

/** As much of a constructor as matters here: anything that can stand in as `new.target`. */
export interface Constructor extends Function {
  readonly prototype: unknown;
}

/** The global that holds an intrinsic in each realm. */
export type IntrinsicName = 'DisposableStack' | 'AsyncDisposableStack' | 'SuppressedError';

/**
 * Ends what GetPrototypeFromConstructor began. A constructor called through `Reflect.construct` with a foreign `newTarget` whose
 * `prototype` is not an object owes its instance the intrinsic of *that function's realm*; JavaScript's own allocation gives it the realm's
 * Object.prototype instead. What has a longer chain came out right, so that `newTarget.prototype` is read a second time only where the
 * result is in doubt.
 */
export function settlePrototype(instance: object, newTarget: Constructor, name: IntrinsicName, prototype: object): void {
  const given: object = Object.getPrototypeOf(instance);
  if (Object.getPrototypeOf(given) !== null || isObject(newTarget.prototype)) return;
  Object.setPrototypeOf(instance, intrinsicOfRealm(given, name) ?? prototype);
}

/** The realm is found from the default prototype that the engine chose, which has seen through proxies and bound functions already. */
function intrinsicOfRealm(given: object, name: IntrinsicName): object | undefined {
  if (given === Object.prototype) return undefined;
  try {
    // The only way from a function to the global of its realm. A content security policy may forbid it; then ours has to do.
    const realm = (given.constructor.constructor as FunctionConstructor)('return globalThis')() as Partial<Record<IntrinsicName, Constructor>>;
    const theirs = realm[name]?.prototype;
    return isObject(theirs) ? theirs : undefined;
  } catch {
    return undefined;
  }
}

/** Tells objects, functions included, from primitive values. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
