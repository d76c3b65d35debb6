/**
 * A promise that is resolved with an object looks for a `then` along the whole chain of its prototypes, each time; for a handle, three
 * classes deep, that costs more than the handle. A `then` of undefined on the class ends the search at its first step.
 */
export function endThenSearch(...classes: readonly { readonly prototype: object }[]): void {
  for (const { prototype } of classes) Object.defineProperty(prototype, 'then', { value: undefined, configurable: true, writable: true });
}
