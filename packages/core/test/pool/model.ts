// What two pools on one budget are to be after each step, in words as plain as possible: nothing takes time here, and nobody is let down.
export interface ModelThing {
  readonly id: number;
  readonly key: string;
  fresh: boolean;
  stamp: number;
}

export interface Shape {
  readonly keyed: boolean;
  readonly newestFirst: boolean;
  readonly checks: boolean;
  readonly resets: boolean;
  readonly max: number;
}

interface Out {
  readonly thing: ModelThing;
  owners: number;
  condemned: boolean;
}

export class ModelPool {
  readonly shape: Shape;
  max: number;
  closed = false;
  readonly idle: ModelThing[] = [];
  readonly out = new Map<number, Out>();
  readonly waiting: { readonly id: number; readonly key: string; readonly priority: number }[] = [];
  opened = 0;
  released = 0;

  constructor(shape: Shape) {
    this.shape = shape;
    this.max = shape.max;
  }

  get size(): number {
    return this.idle.length + this.out.size;
  }
}

export class Model {
  readonly pools: readonly ModelPool[];
  readonly capacity: number;
  /** How many openings fail from now on. */
  failing = 0;
  readonly bad = new Set<number>();
  readonly badResets = new Set<number>();
  readonly granted = new Map<number, number>();
  readonly refused = new Map<number, string>();
  readonly open = new Set<number>();
  readonly detached = new Set<number>();
  ids = 0;
  stamps = 0;
  /** A step would have to wait for the budget. */
  blocked = false;

  constructor(capacity: number, shapes: readonly Shape[]) {
    this.capacity = capacity;
    this.pools = shapes.map((shape) => new ModelPool(shape));
  }

  /** A copy, on which a step can be tried. */
  clone(): Model {
    return structuredClonePools(this);
  }

  get used(): number {
    return this.pools.reduce((sum, pool) => sum + pool.size, 0);
  }

  acquire(pool: ModelPool, id: number, key: string, priority: number): void {
    if (pool.closed) this.refused.set(id, 'ERR_CLOSED');
    else if (pool.waiting.length > 0 || pool.out.size >= pool.max) pool.waiting.push({ id, key, priority });
    else this.#serve(pool, id, key);
  }

  tryAcquire(pool: ModelPool, id: number, key: string): void {
    if (pool.closed || pool.waiting.length > 0 || pool.out.size >= pool.max) return;
    const thing = this.#takeGood(pool, key);
    if (thing !== undefined) this.#lend(pool, id, thing);
  }

  #serve(pool: ModelPool, id: number, key: string): void {
    const thing = this.#takeGood(pool, key) ?? this.#open(pool, key);
    if (thing !== undefined) this.#lend(pool, id, thing);
    else if (!this.blocked) {
      this.refused.set(id, 'failed');
      this.serveNext(pool);
    }
  }

  #lend(pool: ModelPool, id: number, thing: ModelThing): void {
    thing.fresh = false;
    pool.out.set(id, { thing, owners: 1, condemned: false });
    this.granted.set(id, thing.id);
  }

  #takeGood(pool: ModelPool, key: string): ModelThing | undefined {
    for (;;) {
      const fitting = pool.idle.filter((each) => !pool.shape.keyed || each.key === key);
      const thing = pool.shape.newestFirst ? fitting.at(-1) : fitting[0];
      if (thing === undefined) return undefined;
      pool.idle.splice(pool.idle.indexOf(thing), 1);
      if (!pool.shape.checks || thing.fresh || !this.bad.has(thing.id)) return thing;
      this.#release(pool, thing);
    }
  }

  /** Undefined where it fails, or is blocked. */
  #open(pool: ModelPool, key: string): ModelThing | undefined {
    if (pool.size >= pool.max) this.#evict(pool);
    if (this.used >= this.capacity) {
      const oldest = this.pools.filter(({ idle }) => idle.length > 0).sort((a, b) => (a.idle[0] as ModelThing).stamp - (b.idle[0] as ModelThing).stamp)[0];
      if (oldest === undefined) {
        this.blocked = true;
        return undefined;
      }
      this.#evict(oldest);
    }
    if (this.failing > 0) {
      this.failing--;
      return undefined;
    }
    pool.opened++;
    const thing = { id: ++this.ids, key, fresh: true, stamp: 0 };
    this.open.add(thing.id);
    return thing;
  }

  #evict(pool: ModelPool): void {
    const thing = pool.idle.shift();
    if (thing !== undefined) this.#release(pool, thing);
  }

  #release(pool: ModelPool, thing: ModelThing): void {
    pool.released++;
    this.open.delete(thing.id);
  }

  /** One who has a lease lets go of it. */
  end(pool: ModelPool, id: number, how: 'dispose' | 'discard' | 'forget' | 'detach'): void {
    const out = pool.out.get(id) as Out;
    if (how === 'detach') {
      pool.released++;
      this.detached.add(out.thing.id);
    }
    if (how === 'discard' || how === 'forget') out.condemned = true;
    if (--out.owners > 0) return;
    pool.out.delete(id);
    const { thing } = out;
    if (how !== 'detach') {
      if (out.condemned || pool.closed || pool.size + 1 > pool.max || (pool.shape.resets && this.badResets.has(thing.id))) this.#release(pool, thing);
      else this.#shelve(pool, thing);
    }
    this.serveNext(pool);
  }

  #shelve(pool: ModelPool, thing: ModelThing): void {
    thing.stamp = ++this.stamps;
    pool.idle.push(thing);
  }

  serveNext(pool: ModelPool): void {
    while (pool.waiting.length > 0 && pool.out.size < pool.max && !pool.closed && !this.blocked) {
      let best = 0;
      for (let index = 1; index < pool.waiting.length; index++) {
        if ((pool.waiting[index]?.priority as number) > (pool.waiting[best]?.priority as number)) best = index;
      }
      const [next] = pool.waiting.splice(best, 1) as [(typeof pool.waiting)[0]];
      this.#serve(pool, next.id, next.key);
    }
  }

  abort(pool: ModelPool, id: number): void {
    const index = pool.waiting.findIndex((waiter) => waiter.id === id);
    if (index < 0) return;
    pool.waiting.splice(index, 1);
    this.refused.set(id, 'aborted');
  }

  warmUp(pool: ModelPool, count: number, key: string): void {
    if (pool.closed || count > pool.max) return;
    while (pool.size < count && !this.blocked) {
      const thing = this.#open(pool, key);
      if (thing === undefined) return;
      this.#shelve(pool, thing);
    }
  }

  resize(pool: ModelPool, max: number): void {
    if (pool.closed) return;
    pool.max = max;
    this.serveNext(pool);
    while (pool.size > max && pool.idle.length > 0) this.#evict(pool);
  }

  drain(pool: ModelPool): void {
    pool.closed = true;
    for (const { id } of pool.waiting.splice(0)) this.refused.set(id, 'ERR_CLOSED');
    while (pool.idle.length > 0) this.#evict(pool);
  }
}

function structuredClonePools(model: Model): Model {
  const copy = Object.assign(
    new Model(
      model.capacity,
      model.pools.map(({ shape }) => shape),
    ),
    { failing: model.failing, ids: model.ids, stamps: model.stamps },
  );
  for (const name of ['bad', 'badResets', 'open', 'detached'] as const) for (const id of model[name]) copy[name].add(id);
  model.pools.forEach((pool, index) => {
    const other = copy.pools[index] as ModelPool;
    Object.assign(other, { max: pool.max, closed: pool.closed, opened: pool.opened, released: pool.released });
    other.idle.push(...pool.idle.map((thing) => ({ ...thing })));
    other.waiting.push(...pool.waiting);
    for (const [id, out] of pool.out) other.out.set(id, { ...out, thing: { ...out.thing } });
  });
  return copy;
}
