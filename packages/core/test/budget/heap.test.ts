// The heap behind deadlines and early waiters: its first is the least, whoever came and went.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../src/budget/heap.ts';

interface Item {
  readonly rank: number;
  index: number;
}

type Deed = { readonly add: number } | { readonly remove: number } | { readonly take: true };

const deeds = fc.array(
  fc.oneof(
    fc.nat({ max: 30 }).map((add): Deed => ({ add })),
    fc.nat().map((remove): Deed => ({ remove })),
    fc.constant<Deed>({ take: true }),
  ),
  { maxLength: 120, size: '+1' },
);

test('has the least of its members at hand, whichever of them leave', () => {
  fc.assert(
    fc.property(deeds, (program) => {
      const heap = new Heap<Item>((a, b) => a.rank < b.rank);
      const members: Item[] = [];
      const leave = (member: Item): void => {
        heap.remove(member);
        members.splice(members.indexOf(member), 1);
        expect(member.index).toBe(-1);
      };
      for (const deed of program) {
        if ('add' in deed) {
          const member = { rank: deed.add, index: -1 };
          heap.add(member);
          members.push(member);
        } else if ('remove' in deed) {
          const member = members[deed.remove % members.length];
          if (member !== undefined) leave(member);
        } else if (heap.first !== undefined) leave(heap.first);
        expect(heap.first?.rank).toBe(members.length === 0 ? undefined : Math.min(...members.map(({ rank }) => rank)));
        expect(new Set(members.map(({ index }) => index)).size).toBe(members.length);
      }
    }),
    { numRuns: 1_000 },
  );
});
