/**
 * One try to open a key, for all who follow it: admit, then open. It is told to stop when nobody follows it any more: a wait in line
 * ends, an opener may give up by its signal.
 *
 * A place under `max` is taken first and by itself. At one ticket with the kind's budgets it would stand first in their lines for as
 * long as the cache is full, and hold up everybody else there.
 */
import { chargeFor, grantNothing, timedOut, tryAdmit, waitInLine } from '../budget/admit.ts';
import { Charge } from '../budget/account.ts';
import { lackingRoom, type Purpose } from '../budget/line.ts';
import type { Signal, SignalShape } from '../budget/wait.ts';
import type { AcquireTimeoutError } from '../errors/index.ts';
import type { AsyncHandle } from '../handle/async-handle.ts';
import { chargesFor } from '../handle/costs.ts';
import type { Kind } from '../handle/kind.ts';
import { giveBack } from '../handle/lifecycle.ts';
import { Details } from '../leaks/record.ts';
import type { Site } from '../leaks/site.ts';
import type { Count } from './count.ts';

interface Controller {
  readonly signal: SignalShape;
  abort(reason: unknown): void;
}

/** What is to be opened, and where it is counted. */
export interface Wanted<H extends AsyncHandle<unknown>, Request> {
  readonly kind: Kind<unknown, Request, H>;
  readonly count: Count;
  readonly request: Request;
  readonly key: string;
  readonly priority: number | undefined;
  /** The line that made the cache: who owns what no user holds. */
  readonly site: Site | undefined;
  /** Room is lacking: what is idle may go. */
  makeRoom(): void;
}

export class Attempt {
  phase: 'wait' | 'open' = 'open';
  stopped = false;
  #reason: unknown = undefined;
  #charge: Charge | undefined = undefined;
  readonly #purpose: Purpose;
  readonly #controller: Controller | undefined;

  constructor(kind: string, key: string) {
    const { AbortController } = globalThis as unknown as { AbortController?: new () => Controller };
    this.#controller = AbortController === undefined ? undefined : new AbortController();
    this.#purpose = { kind, label: key };
  }

  stop(reason: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /** Resolves with the cache's own handle. */
  async run<H extends AsyncHandle<unknown>, Request>(wanted: Wanted<H, Request>): Promise<H> {
    const { kind, count, request, makeRoom } = wanted;
    const costs = kind.definition.cost?.(request);
    // What can never fit is refused before anything is waited for.
    chargesFor(costs, this.#purpose);
    const place = chargeFor(count, 1, undefined, this.#purpose);
    // Each step waits only where it must: else the opener is called within the acquire, as the kind's own acquire does.
    if (!this.#take(place)) await this.#wait(place, wanted.priority, makeRoom);
    const details = new Details();
    details.label = wanted.key;
    details.site = wanted.site;
    details.charge = place;
    try {
      this.#requireWanted();
      const charge = chargesFor(costs, this.#purpose);
      if (charge !== undefined && !this.#take(charge)) await this.#wait(charge, wanted.priority, () => {});
      details.charge = joined(charge, place);
      this.#requireWanted();
    } catch (error) {
      giveBack(details);
      throw error;
    }
    this.phase = 'open';
    return await kind.acquireWith(request, { stop: this.#controller?.signal }, details, true);
  }

  #take(charge: Charge): boolean {
    this.#charge = charge;
    return !this.stopped && tryAdmit(charge);
  }

  #wait(charge: Charge, priority: number | undefined, makeRoom: () => void): Promise<void> {
    this.phase = 'wait';
    const granted = waitInLine(charge, { signal: this.#controller?.signal as Signal | undefined, priority }, this.#purpose, grantNothing);
    makeRoom();
    return granted;
  }

  /** What was granted may be wanted by nobody any more. */
  #requireWanted(): void {
    if (this.stopped) throw this.#reason;
  }

  /** The error of a follower whose time is over, wherever this try is. */
  timedOut(timeout: number): AcquireTimeoutError {
    const within = `within ${timeout} ms`;
    if (this.phase === 'open' || this.#charge === undefined) return timedOut(this.#charge, this.#purpose, 'open', within);
    const { account, amount } = lackingRoom(this.#charge) ?? this.#charge;
    return timedOut(new Charge(account, amount, undefined), this.#purpose, 'wait', within);
  }
}

/** The charges of a kind and the place in a cache, as one list: what a record holds, and gives back at once. */
function joined(charges: Charge | undefined, place: Charge): Charge {
  let all = place;
  for (let charge = charges; charge !== undefined; charge = charge.next) all = new Charge(charge.account, charge.amount, all, charge.asked);
  return all;
}
