/** What a handle costs beside the object it is: created, read, disposed, in a place where it escapes. */
import { defineResource } from '@handback/core';
import type { Suite, Variant } from '../suite.ts';

const OPERATIONS = 1_000_000;
const place: { held: unknown } = { held: undefined };
let released = 0;
const release = (raw: number): void => {
  released += raw;
};

/** The floor: what one writes by hand, with a guard and nothing else. */
class Bare implements Disposable {
  #raw: number | undefined;
  constructor(raw: number) {
    this.#raw = raw;
  }
  get value(): number {
    if (this.#raw === undefined) throw new Error('disposed');
    return this.#raw;
  }
  dispose(): void {
    if (this.#raw === undefined) return;
    const raw = this.#raw;
    this.#raw = undefined;
    release(raw);
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const numbers = (): ReturnType<typeof defineNumbers> => defineNumbers();
function defineNumbers() {
  return defineResource({ kind: 'number', openSync: (raw: number) => raw, release });
}

const bare: Variant = {
  name: 'bare disposable class',
  make: () => () => {
    let sum = 0;
    for (let index = 1; index <= OPERATIONS; index++) {
      const handle = new Bare(index);
      place.held = handle;
      sum += handle.value;
      handle[Symbol.dispose]();
    }
    place.held = sum;
  },
};

export const handles: Suite = {
  name: 'handles: own + value + dispose',
  unit: 'handle',
  operations: OPERATIONS,
  variants: [
    bare,
    {
      name: 'own() + value + dispose',
      make: () => {
        const kind = numbers();
        return () => {
          let sum = 0;
          for (let index = 1; index <= OPERATIONS; index++) {
            const handle = kind.own(index);
            place.held = handle;
            sum += handle.value;
            handle[Symbol.dispose]();
          }
          place.held = sum;
        };
      },
    },
    {
      name: 'own() + use() + dispose',
      make: () => {
        const kind = numbers();
        return () => {
          let sum = 0;
          for (let index = 1; index <= OPERATIONS; index++) {
            const handle = kind.own(index);
            place.held = handle;
            sum += handle.use((value) => value);
            handle[Symbol.dispose]();
          }
          place.held = sum;
        };
      },
    },
    {
      name: 'acquireSync() + value + dispose',
      make: () => {
        const kind = numbers();
        return () => {
          let sum = 0;
          for (let index = 1; index <= OPERATIONS; index++) {
            const handle = kind.acquireSync(index);
            place.held = handle;
            sum += handle.value;
            handle[Symbol.dispose]();
          }
          place.held = sum;
        };
      },
    },
    {
      name: "a FinalizationRegistry of one's own, register + unregister",
      make: () => {
        const registry = new FinalizationRegistry<number>(release);
        return () => {
          let sum = 0;
          for (let index = 1; index <= OPERATIONS; index++) {
            const handle = new Bare(index);
            registry.register(handle, index, handle);
            place.held = handle;
            sum += handle.value;
            registry.unregister(handle);
            handle[Symbol.dispose]();
          }
          place.held = sum;
        };
      },
    },
  ],
  targets: [
    { variant: 'own() + value + dispose', most: 2 },
    { variant: 'own() + use() + dispose', most: 4 },
  ],
};

class Plain {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export const values: Suite = {
  name: 'handles: reading `value`',
  unit: 'read',
  operations: OPERATIONS * 10,
  variants: [
    {
      name: 'bare property',
      make: () => {
        // Eight of them, so that no read can be taken out of the loop.
        const all = Array.from({ length: 8 }, (_, index) => new Plain(index));
        return () => {
          let sum = 0;
          for (let index = 0; index < OPERATIONS * 10; index++) sum += (all[index & 7] as Plain).value;
          place.held = sum;
        };
      },
    },
    {
      name: 'handle.value',
      make: () => {
        const kind = numbers();
        const all = Array.from({ length: 8 }, (_, index) => kind.own(index));
        return () => {
          let sum = 0;
          for (let index = 0; index < OPERATIONS * 10; index++) sum += (all[index & 7] as (typeof all)[number]).value;
          place.held = sum;
        };
      },
    },
  ],
  targets: [{ variant: 'handle.value', most: 3 }],
};
