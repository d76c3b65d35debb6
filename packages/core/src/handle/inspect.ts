/** What `console.log` shows of a handle. (The sweep inspects private tokens of its own, never handles: nothing of it is changed by this.) */

type Inspect = (value: unknown, options: object) => string;

/**
 * Shows the handles of a class in `console.log` by their name, what `show` picks of one that is open, and their state.
 *
 * *When to use*: once, after a class of handles of your own. Elsewhere than in Node it does nothing.
 */
export function showAs<H extends { readonly state: string }>(type: { readonly name: string; readonly prototype: H }, show: (handle: H) => object): void {
  const custom = function (this: H, depth: number, options: object, inspect: Inspect): string {
    if (depth < 0) return `[${type.name}]`;
    const { state } = this;
    return `${this.constructor.name} ${inspect(state === 'open' ? { ...show(this), state } : { state }, options)}`;
  };
  Object.defineProperty(type.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: custom, configurable: true, writable: true });
}
