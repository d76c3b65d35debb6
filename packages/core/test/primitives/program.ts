// Programs over disposable stacks, as plain data: what may be done with stacks, and what resources and disposers may do in return.
// programs.ts makes random ones, interpreter.ts runs them.

export interface Program {
  readonly stacks: readonly ('sync' | 'async')[];
  readonly steps: readonly Step[];
}

/** A step on the stack of a register; numbers beyond the last register wrap around. */
export type Step =
  | { readonly do: 'use'; readonly stack: number; readonly resource: Resource }
  | { readonly do: 'nest'; readonly stack: number; readonly inner: number }
  | { readonly do: 'adopt'; readonly stack: number; readonly value: Plain; readonly disposer: Disposer | Plain }
  | { readonly do: 'defer'; readonly stack: number; readonly disposer: Disposer | Plain }
  | { readonly do: 'move' | 'disposed'; readonly stack: number }
  | { readonly do: 'dispose'; readonly stack: number; readonly wait: boolean; readonly bySymbol: boolean }
  | {
      readonly do: 'misuse';
      readonly stack: number;
      readonly method: Method;
      readonly receiver: 'undefined' | 'number' | 'object' | 'prototype' | 'other kind';
    }
  | { readonly do: 'turn' };

export type Method = 'use' | 'adopt' | 'defer' | 'move' | 'dispose' | 'disposed';
export type Plain = 'undefined' | 'null' | 'number' | 'string' | 'true' | 'object';

export type Resource = { readonly is: 'plain'; readonly value: Plain } | { readonly is: 'object' | 'function'; readonly sync: Slot; readonly async: Slot };

/** What stands under Symbol.dispose or Symbol.asyncDispose. A getter may meddle with the stacks before it answers. */
export type Slot =
  | { readonly is: 'absent' | 'null' | 'undefined' | 'number' }
  | { readonly is: 'value'; readonly disposer: Disposer }
  | { readonly is: 'getter'; readonly effects: readonly Step[]; readonly gives: Disposer | 'undefined' | 'number' | 'throw' };

export interface Disposer {
  readonly effects: readonly Step[];
  readonly outcome: Outcome;
}

export type Outcome =
  | { readonly is: 'return' | 'number' | 'throw' | 'throw undefined' | 'then getter throws' | 'constructor throws' }
  | { readonly is: 'resolves' | 'rejects'; readonly turns: number }
  | { readonly is: 'thenable'; readonly does: 'fulfil' | 'reject' | 'throw' };

export interface Classes {
  readonly DisposableStack: DisposableStackConstructor;
  readonly AsyncDisposableStack: AsyncDisposableStackConstructor;
}
