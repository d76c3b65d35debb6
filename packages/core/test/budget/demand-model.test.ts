// Reclaim in random forests of budgets, for random waiters: nothing is evicted that could have stayed, and nobody waits for a pause who
// could be served by what is idle.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Budget, defineResource, DisposableStack, leaks } from '@handback/core';
import { TICKETS_A_STEP } from '../../src/budget/line.ts';
import { outcomeOf, pass, turns, useFakeClock, withoutCollections, type Outcome } from './support.ts';

useFakeClock(true);
withoutCollections();
leaks.configure({ level: 'count' });

interface Want {
  readonly of: readonly number[];
  readonly amount: number;
  readonly priority: number;
}

interface Plan {
  readonly shapes: readonly { readonly parent: number; readonly capacity: number }[];
  readonly held: readonly { readonly of: number; readonly amount: number }[];
  readonly idle: readonly { readonly of: number; readonly count: number; readonly most: number }[];
  readonly wants: readonly Want[];
}

const index = fc.nat({ max: 4 });
const plans: fc.Arbitrary<Plan> = fc.record({
  shapes: fc.array(fc.record({ parent: fc.integer({ min: -1, max: 3 }), capacity: fc.integer({ min: 1, max: 12 }) }), { minLength: 1, maxLength: 5 }),
  held: fc.array(fc.record({ of: index, amount: fc.integer({ min: 1, max: 4 }) }), { maxLength: 3 }),
  idle: fc.array(fc.record({ of: index, count: fc.integer({ min: 1, max: 12 }), most: fc.constantFrom(1, 100) }), { minLength: 1, maxLength: 5 }),
  wants: fc.array(
    fc.record({ of: fc.uniqueArray(index, { minLength: 1, maxLength: 2 }), amount: fc.integer({ min: 1, max: 4 }), priority: fc.constantFrom(0, 0, 0, 1, -1) }),
    { minLength: 1, maxLength: 10 },
  ),
});

/** A budget, with those above it, the lowest first. */
class Node {
  readonly budget: Budget;
  readonly up: Node[];
  idle = 0;
  evicted = 0;

  constructor(budget: Budget, parent: Node | undefined) {
    this.budget = budget;
    this.up = [this, ...(parent?.up ?? [])];
  }

  lacks(amount: number): boolean {
    return this.budget.stats().available < amount;
  }
}

interface Waiter {
  readonly key: number;
  readonly nodes: Node[];
  readonly amount: number;
  readonly outcome: Outcome<unknown>;
}

function forestOf({ shapes }: Plan): Node[] {
  const nodes: Node[] = [];
  for (const [at, { parent, capacity }] of shapes.entries()) {
    const above = parent < 0 || at === 0 ? undefined : nodes[parent % at];
    const options = { name: `budget ${at}`, capacity };
    nodes.push(new Node(above === undefined ? new Budget(options) : above.budget.child(options), above));
  }
  return nodes;
}

/** Things of 1 that are idle, as many as there is room for. */
function shelve(node: Node, count: number, most: number, name: string): Disposable {
  const things = Array.from({ length: count }, () => node.budget.tryAcquire()).filter((permit) => permit !== undefined);
  node.idle += things.length;
  return node.budget.addReclaimer({
    name,
    reclaimable: () => things.length,
    reclaim: (amount) => {
      const given = things.splice(0, Math.min(amount, most));
      for (const permit of given) permit.dispose();
      node.idle -= given.length;
      node.evicted += given.length;
      return given.length;
    },
  });
}

/** The lowest budget that lacks room for a waiter, in the order in which it asks. */
function lackOf({ nodes, amount }: Waiter): Node | undefined {
  const sums = new Map<Node, number>();
  // What is named last is looked at first.
  for (const node of nodes.toReversed()) {
    for (const at of node.up) {
      const sum = (sums.get(at) ?? 0) + amount;
      if (at.lacks(sum)) return at;
      sums.set(at, sum);
    }
  }
  return undefined;
}

test('only what is needed is evicted, and all that is needed, before any pause', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const nodes = forestOf(plan);
      const node = (at: number): Node => nodes[at % nodes.length] as Node;
      const held = plan.held.map(({ of, amount }) => node(of).budget.tryAcquire(amount));
      using stack = new DisposableStack();
      for (const [at, { of, count, most }] of plan.idle.entries()) stack.use(shelve(node(of), count, most, `idle ${at}`));
      const kind = defineResource({
        kind: 'thing',
        openSync: () => 1,
        release: () => {},
        cost: ({ of, amount }: Want) => [...new Set(of.map(node))].map(({ budget }) => ({ budget, amount })),
      });
      const controller = new AbortController();
      const waiters = plan.wants.map((want, ticket): Waiter => {
        const outcome = outcomeOf(kind.acquire(want, { priority: want.priority, signal: controller.signal }));
        return { key: ticket - want.priority * TICKETS_A_STEP, nodes: [...new Set(want.of.map(node))], amount: want.amount, outcome };
      });
      await turns();
      const waiting = waiters.filter(({ outcome }) => outcome.state === 'waiting').toSorted((a, b) => a.key - b.key);
      try {
        const [first] = waiting;
        const lack = first && lackOf(first);
        if (first !== undefined) expect(lack).toBeDefined();
        // What is idle there, in it or below it, was given.
        for (const other of nodes) if (lack !== undefined && other.up.includes(lack)) expect(other.idle).toBe(0);
        const wanted = new Set(waiting.flatMap((waiter) => waiter.nodes.flatMap(({ up }) => up)));
        for (const { evicted, up } of nodes) {
          if (evicted > 0) expect(up.some((at) => at.lacks(1) || wanted.has(at))).toBe(true);
        }
      } finally {
        controller.abort('done');
        for (const { budget } of nodes) budget.dispose();
        for (const permit of held) permit?.dispose();
        await turns(5);
        await pass(1_000);
      }
    }),
    { numRuns: 400 },
  );
}, 60_000);
