// A model of budgets: the same promises, kept in the plainest way. It looks at all who wait, again and again, where the library looks
// at heads of lines; it has no promises, no timers and no collector. What both do is compared step by step (model.test.ts).

export type Oversize = 'reject' | 'alone';
export type Code = 'ERR_BUDGET_EXCEEDED' | 'ERR_CLOSED' | 'ERR_ACQUIRE_TIMEOUT' | 'aborted';

/** How much of which budget; `asked` is more than `amount` where it runs alone. */
export interface Part {
  readonly budget: ModelBudget;
  readonly asked: number;
  amount: number;
}

export class ModelBudget {
  used = 0;
  peak = 0;
  /** Outstanding amounts taken ahead of a line. */
  ahead = 0;
  closed = false;
  capacity: number;
  readonly oversize: Oversize;
  readonly parent: ModelBudget | undefined;

  constructor(capacity: number, oversize: Oversize, parent: ModelBudget | undefined) {
    this.capacity = capacity;
    this.oversize = oversize;
    this.parent = parent;
  }

  /** This one and all above it. */
  get up(): ModelBudget[] {
    return [this, ...(this.parent?.up ?? [])];
  }

  get allowance(): number {
    return Math.max(8, Math.floor(this.capacity * 0.02));
  }
}

export interface ModelPermit {
  readonly parts: Part[];
  ahead: boolean;
}

export interface ModelWaiter {
  readonly id: number;
  readonly parts: Part[];
  readonly ticket: number;
  readonly key: number;
  readonly deadline: number;
  readonly signal: number | undefined;
}

/** What some parts take of a budget together, in it and below it. */
function sumOf(parts: readonly Part[], budget: ModelBudget): number {
  return parts.reduce((sum, part) => sum + (part.budget.up.includes(budget) ? part.amount : 0), 0);
}

export class Model {
  readonly budgets: ModelBudget[] = [];
  /** Permits that are held, by the id of the request. */
  readonly held = new Map<number, ModelPermit>();
  waiting: ModelWaiter[] = [];
  /** Ids of those who might wait, in the order of their grants. */
  readonly granted: number[] = [];
  readonly refused = new Map<number, Code>();
  now = 0;
  #ticket = 0;

  /** What a request really takes, or why it can never be had. */
  fit(wanted: readonly { readonly budget: ModelBudget; readonly asked: number }[]): Part[] | Code {
    const parts = this.refit(wanted);
    // What the others fill already, alone, is not asked for.
    return typeof parts === 'string' ? parts : parts.filter(({ amount }) => amount > 0);
  }

  refit(wanted: readonly { readonly budget: ModelBudget; readonly asked: number }[]): Part[] | Code {
    const parts: Part[] = [];
    for (const { budget, asked } of wanted) {
      if (budget.up.some(({ closed }) => closed)) return 'ERR_CLOSED';
      let amount = asked;
      for (const above of budget.up) {
        const left = above.capacity - sumOf(parts, above);
        if (amount <= left) continue;
        if (above.oversize === 'reject' || above.capacity < 1) return 'ERR_BUDGET_EXCEEDED';
        amount = left;
      }
      parts.push({ budget, asked, amount });
    }
    return parts;
  }

  hasRoom(parts: readonly Part[]): boolean {
    return parts.every(({ budget }) => budget.up.every((above) => above.used + sumOf(parts, above) <= above.capacity));
  }

  /** The budgets that those in line hold up, and the first of them who can be served. */
  look(): { blocked: Set<ModelBudget>; next: ModelWaiter | undefined } {
    const blocked = new Set<ModelBudget>();
    const lines = new Set<ModelBudget>();
    let next: ModelWaiter | undefined;
    for (const waiter of this.waiting.toSorted((a, b) => a.key - b.key || a.ticket - b.ticket)) {
      const own = waiter.parts.map(({ budget }) => budget);
      const isFirst = !own.some((budget) => lines.has(budget));
      const isFree = !own.some((budget) => budget.up.some((above) => blocked.has(above)));
      if (isFirst && isFree && this.hasRoom(waiter.parts)) next ??= waiter;
      const ownHaveRoom = waiter.parts.every(({ budget, amount }) => budget.used + amount <= budget.capacity);
      for (const { budget, amount } of waiter.parts) {
        lines.add(budget);
        blocked.add(budget);
        if (!isFirst || !ownHaveRoom) continue;
        for (const above of budget.up.slice(1)) {
          blocked.add(above);
          if (above.used + amount > above.capacity) break;
        }
      }
    }
    return { blocked, next };
  }

  mustQueue(parts: readonly Part[]): boolean {
    const { blocked } = this.look();
    return parts.some(({ budget }) => budget.up.some((above) => blocked.has(above)));
  }

  take(parts: readonly Part[], sign = 1): void {
    for (const { budget, amount } of parts) {
      for (const above of budget.up) {
        above.used += sign * amount;
        above.peak = Math.max(above.peak, above.used);
      }
    }
  }

  overtake(permit: ModelPermit, sign: number): void {
    if (permit.ahead) for (const { budget, amount } of permit.parts) for (const above of budget.up) above.ahead += sign * amount;
  }

  /** Serves all who can be served. */
  serve(): void {
    for (let { next } = this.look(); next !== undefined; { next } = this.look()) {
      this.waiting.splice(this.waiting.indexOf(next), 1);
      this.take(next.parts);
      this.held.set(next.id, { parts: next.parts, ahead: false });
      this.granted.push(next.id);
    }
  }

  /** Asks without waiting; 'sync' may overtake a little. Answers what it got. */
  ask(id: number, parts: Part[], sync: boolean): boolean {
    if (!this.hasRoom(parts)) return false;
    const permit = { parts, ahead: false };
    if (this.mustQueue(parts)) {
      const { blocked } = this.look();
      const overtaken = new Set(parts.flatMap(({ budget }) => budget.up).filter((budget) => blocked.has(budget)));
      if (!sync || [...overtaken].some((budget) => budget.ahead + sumOf(parts, budget) > budget.allowance)) return false;
      permit.ahead = true;
      this.overtake(permit, 1);
    }
    this.take(parts);
    this.held.set(id, permit);
    // Whoever was overtaken may lack room in a budget of its own now, and hold up nobody above it any more.
    this.serve();
    return true;
  }

  join(id: number, parts: Part[], options: { priority: number; deadline: number; signal: number | undefined }): void {
    const ticket = ++this.#ticket;
    this.waiting.push({ id, parts, ticket, key: ticket - options.priority * 64, deadline: options.deadline, signal: options.signal });
    this.serve();
  }

  reserve(id: number, part: Part): void {
    this.take([part]);
    this.held.set(id, { parts: [part], ahead: false });
    this.serve();
  }

  giveBack(id: number): void {
    const permit = this.held.get(id) as ModelPermit;
    this.held.delete(id);
    this.overtake(permit, -1);
    this.take(permit.parts, -1);
    this.serve();
  }

  /** Ends the waits of some, together, before anybody is served. */
  refuse(codes: ReadonlyMap<ModelWaiter, Code>): void {
    this.waiting = this.waiting.filter((waiter) => !codes.has(waiter));
    for (const [{ id }, code] of codes) this.refused.set(id, code);
    this.serve();
  }

  settle(id: number, actual: number): void {
    const permit = this.held.get(id) as ModelPermit;
    const [part] = permit.parts as [Part];
    this.overtake(permit, -1);
    const more = { ...part, amount: actual - part.amount };
    part.amount = actual;
    this.overtake(permit, 1);
    this.take([more]);
    this.serve();
  }

  split(id: number, other: number, amount: number): void {
    const permit = this.held.get(id) as ModelPermit;
    const [part] = permit.parts as [Part];
    part.amount -= amount;
    this.held.set(other, { parts: [{ ...part, asked: amount, amount }], ahead: permit.ahead });
  }

  resize(budget: ModelBudget, capacity: number): void {
    budget.capacity = capacity;
    const codes = new Map<ModelWaiter, Code>();
    for (const waiter of this.waiting) {
      if (!waiter.parts.some((part) => part.budget.up.at(-1) === budget.up.at(-1))) continue;
      const fitted = this.refit(waiter.parts);
      if (typeof fitted === 'string') codes.set(waiter, fitted);
      else for (const [index, part] of waiter.parts.entries()) part.amount = (fitted[index] as Part).amount;
    }
    this.refuse(codes);
  }

  close(budget: ModelBudget): void {
    budget.closed = true;
    this.refuse(new Map(this.waiting.filter(({ parts }) => parts.some((part) => part.budget.up.includes(budget))).map((waiter) => [waiter, 'ERR_CLOSED'])));
  }

  pass(ms: number): void {
    this.now += ms;
    for (;;) {
      const [due] = this.waiting.filter(({ deadline }) => deadline <= this.now).toSorted((a, b) => a.deadline - b.deadline);
      if (due === undefined) return;
      this.refuse(new Map([[due, 'ERR_ACQUIRE_TIMEOUT']]));
    }
  }
}
