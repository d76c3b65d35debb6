/** What one acquire wants, from its call to its lease; in line it is its own grant, so that whoever is next is served before anyone else can come. */
import { settleBy, type Grant } from '../budget/admit.ts';
import type { Waiter } from '../budget/line.ts';
import type { SignalShape } from '../budget/wait.ts';
import type { Details } from '../leaks/record.ts';
import { now } from '../runtime/host.ts';
import type { Bounds } from './bounds.ts';
import type { Lease } from './lease.ts';

export type Served<T> = Lease<T> | Promise<Lease<T>>;

/** Serves one who holds a slot. */
export interface Serves<T, Request> {
  serve(wanted: Wanted<T, Request>): Served<T>;
}

/** How long an acquire with no time-out waits for an opening or a check: a little longer than for a budget, whose error says more. */
export const PATIENCE = 32_000;

export class Wanted<T, Request> implements Grant<Served<T>>, Bounds {
  readonly by: Serves<T, Request>;
  readonly request: Request;
  readonly key: string | undefined;
  readonly label: string | undefined;
  readonly details: Details | undefined;
  /** The time-out that it was given. */
  readonly timeout: number | undefined;
  readonly signal: SignalShape | undefined;
  readonly deadline: number;

  constructor(
    by: Serves<T, Request>,
    request: Request,
    key: string | undefined,
    label: string | undefined,
    details: Details | undefined,
    timeout: number | undefined,
    signal: SignalShape | undefined,
    deadline: number = timeout === undefined ? Number.POSITIVE_INFINITY : now() + timeout,
  ) {
    this.by = by;
    this.request = request;
    this.key = key;
    this.label = label;
    this.details = details;
    this.timeout = timeout;
    this.signal = signal;
    this.deadline = deadline;
  }

  issue(): Served<T> {
    return this.by.serve(this);
  }

  settle(waiter: Waiter, error: unknown, granted: boolean): void {
    settleBy(this, waiter, error, granted);
  }

  /** The bounds of one step: where no time-out was given, each has the default. */
  get patient(): Bounds {
    return this.timeout === undefined ? { signal: this.signal, deadline: now() + PATIENCE } : this;
  }
}
