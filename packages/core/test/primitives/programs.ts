// Arbitraries of programs (program.ts) for fast-check.
import * as fc from 'fast-check';
import type { Disposer, Method, Outcome, Plain, Program, Resource, Slot, Step } from './program.ts';

export interface Shape {
  readonly stacks: readonly ('sync' | 'async')[];
  /** Disposers and getters may act on the stacks themselves. */
  readonly effects: boolean;
  /** Whether disposals may overlap: the next step comes without waiting for the last. */
  readonly overlap: boolean;
  /** The methods that may be called on a wrong receiver. */
  readonly misuse: readonly Method[];
}

export const everything: Shape = {
  stacks: ['sync', 'async'],
  effects: true,
  overlap: true,
  misuse: ['use', 'adopt', 'defer', 'move', 'dispose', 'disposed'],
};

const register = fc.nat(3);
const plain = fc.constantFrom<Plain>('undefined', 'null', 'number', 'string', 'true', 'object');

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Outcome>({ is: 'return' }, { is: 'throw' }) },
  { weight: 1, arbitrary: fc.constantFrom<Outcome>({ is: 'number' }, { is: 'throw undefined' }, { is: 'then getter throws' }, { is: 'constructor throws' }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constantFrom('resolves', 'rejects'), turns: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('thenable'), does: fc.constantFrom('fulfil', 'reject', 'throw') }) },
);

/** All programs of a shape. */
export function programs(shape: Shape): fc.Arbitrary<Program> {
  const leaf = stepsWith(shape, fc.constant([]));
  const none = fc.constant<Step[]>([]);
  const effects = shape.effects ? fc.oneof({ weight: 3, arbitrary: none }, { weight: 1, arbitrary: fc.array(leaf, { minLength: 1, maxLength: 2 }) }) : none;
  return fc.record({
    stacks: fc.array(fc.constantFrom(...shape.stacks), { minLength: 1, maxLength: 3 }),
    steps: fc.array(stepsWith(shape, effects), { minLength: 1, maxLength: 12 }),
  });
}

function stepsWith(shape: Shape, effects: fc.Arbitrary<Step[]>): fc.Arbitrary<Step> {
  const disposer: fc.Arbitrary<Disposer> = fc.record({ effects, outcome });
  const slot: fc.Arbitrary<Slot> = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<Slot>({ is: 'absent' }, { is: 'null' }, { is: 'undefined' }, { is: 'number' }) },
    { weight: 3, arbitrary: fc.record({ is: fc.constant('value'), disposer }) },
    {
      weight: 2,
      arbitrary: fc.record({
        is: fc.constant('getter'),
        effects,
        gives: fc.oneof({ weight: 3, arbitrary: disposer }, { weight: 1, arbitrary: fc.constantFrom('undefined', 'number', 'throw') }),
      }),
    },
  );
  const resource: fc.Arbitrary<Resource> = fc.oneof(
    { weight: 1, arbitrary: fc.record({ is: fc.constant('plain'), value: plain }) },
    { weight: 4, arbitrary: fc.record({ is: fc.constantFrom('object', 'function'), sync: slot, async: slot }) },
  );
  const given = fc.oneof({ weight: 5, arbitrary: disposer }, { weight: 1, arbitrary: plain });
  const wait = shape.overlap ? fc.boolean() : fc.constant(true);
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('use'), stack: register, resource }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('nest'), stack: register, inner: register }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('adopt'), stack: register, value: plain, disposer: given }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('defer'), stack: register, disposer: given }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('move', 'disposed'), stack: register }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('dispose'), stack: register, wait, bySymbol: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('misuse'),
        stack: register,
        method: fc.constantFrom(...shape.misuse),
        receiver: fc.constantFrom('undefined', 'number', 'object', 'prototype', 'other kind'),
      }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'turn' }) },
  ) as fc.Arbitrary<Step>;
}
