/** What a lease costs beside an array of idle objects and the peers, alone and in a line of 10,000. */
import { EventEmitter } from 'node:events';
import { defineResource, Pool } from '@handback/core';
import { createPool as createGeneric } from 'generic-pool';
import { Pool as LightningPool } from 'lightning-pool';
import PgPool from 'pg-pool';
import { Pool as TarnPool } from 'tarn';
import type { Suite, Variant } from '../suite.ts';

const OPERATIONS = 100_000;
const TASKS = 10_000;
const MAX = 10;
const place: { held: unknown } = { held: undefined };

class Connection {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}
let opened = 0;
const open = (): Connection => new Connection(++opened);

/** A pool's acquire, and what gives back what it brought. */
interface Lender {
  acquire(): Promise<unknown>;
  release(borrowed: never): void;
}

/** The floor: an array of idle objects, and a doubly linked list of those who wait. */
class BarePool implements Lender {
  #idle: Connection[] = [];
  #size = 0;
  #head: BareWaiter | undefined = undefined;
  #tail: BareWaiter | undefined = undefined;

  acquire(): Promise<Connection> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    if (this.#size < MAX) {
      this.#size++;
      return Promise.resolve(open());
    }
    return new Promise((resolve) => {
      const waiter = new BareWaiter(resolve, this.#tail);
      if (this.#tail === undefined) this.#head = waiter;
      else this.#tail.after = waiter;
      this.#tail = waiter;
    });
  }

  release(connection: Connection): void {
    const head = this.#head;
    if (head === undefined) {
      this.#idle.push(connection);
      return;
    }
    this.#head = head.after;
    if (this.#head === undefined) this.#tail = undefined;
    else this.#head.before = undefined;
    head.resolve(connection);
  }
}

class BareWaiter {
  readonly resolve: (connection: Connection) => void;
  before: BareWaiter | undefined;
  after: BareWaiter | undefined = undefined;
  constructor(resolve: (connection: Connection) => void, before: BareWaiter | undefined) {
    this.resolve = resolve;
    this.before = before;
  }
}

function handback(): Lender {
  const connections = defineResource({ kind: 'connection', openSync: open, release: () => {} });
  const pool = new Pool(connections, { max: MAX });
  return { acquire: () => pool.acquire(), release: (lease: { dispose(): void }) => lease.dispose() };
}

function generic(): Lender {
  const pool = createGeneric({ create: () => Promise.resolve(open()), destroy: () => Promise.resolve() }, { max: MAX });
  return { acquire: () => Promise.resolve(pool.acquire()), release: (borrowed: Connection) => void pool.release(borrowed) };
}

function tarn(): Lender {
  const pool = new TarnPool<Connection>({ create: () => Promise.resolve(open()), destroy: () => {}, min: 0, max: MAX });
  return { acquire: () => pool.acquire().promise, release: (borrowed: Connection) => void pool.release(borrowed) };
}

function lightning(): Lender {
  const pool = new LightningPool<Connection>({ create: open, destroy: () => {} } as never, { max: MAX, maxQueue: 2 * TASKS, acquireMaxRetries: 0 });
  return { acquire: () => pool.acquire(), release: (borrowed: Connection) => pool.release(borrowed) };
}

/** A client as pg-pool knows it, of nothing. */
class Client extends EventEmitter {
  connect(done: () => void): void {
    done();
  }
  end(done?: () => void): void {
    done?.();
  }
  ref(): void {}
  unref(): void {}
  isConnected(): boolean {
    return true;
  }
}

function pg(): Lender {
  const pool = new PgPool({ max: MAX, idleTimeoutMillis: 0, Client });
  return { acquire: () => pool.connect(), release: (client: { release(): void }) => client.release() };
}

const lenders: readonly (readonly [string, () => Lender])[] = [
  ['array by hand, with a list of waiters', () => new BarePool()],
  ['Pool', handback],
  ['lightning-pool', lightning],
  ['pg-pool (a client of nothing)', pg],
  ['generic-pool', generic],
  ['tarn', tarn],
];

const alone = ([name, make]: (typeof lenders)[number]): Variant => ({
  name,
  make: async () => {
    const lender = make();
    lender.release((await lender.acquire()) as never);
    return async () => {
      for (let index = 0; index < OPERATIONS; index++) {
        const borrowed = await lender.acquire();
        place.held = borrowed;
        lender.release(borrowed as never);
      }
    };
  },
});

const inLine = ([name, make]: (typeof lenders)[number]): Variant => ({
  name,
  make: () => {
    const lender = make();
    return async () => {
      const tasks: Promise<void>[] = [];
      for (let index = 0; index < TASKS; index++) {
        tasks.push(
          (async () => {
            const borrowed = await lender.acquire();
            place.held = borrowed;
            await Promise.resolve();
            lender.release(borrowed as never);
          })(),
        );
      }
      await Promise.all(tasks);
    };
  },
});

const peers = ['lightning-pool', 'pg-pool (a client of nothing)', 'generic-pool', 'tarn'];

export const poolsAlone: Suite = {
  name: 'pools: acquire + release, nobody waits',
  unit: 'lease',
  operations: OPERATIONS,
  variants: lenders.map(alone),
  targets: [{ variant: 'Pool', most: 2 }, ...peers.map((against) => ({ variant: 'Pool', against, most: 1 / 3 }))],
};

export const poolsInLine: Suite = {
  name: 'pools: 10,000 tasks in line for 10 objects',
  unit: 'task',
  operations: TASKS,
  variants: lenders.map(inLine),
  targets: [{ variant: 'Pool', most: 1.5 }],
};
