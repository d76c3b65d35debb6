/**
 * One try to open a key, for all who follow it: admit, at one ticket for the kind's budgets and the cache's own count, then open. It
 * is told to stop when nobody follows it any more: a wait in line ends, an opener may give up by its signal.
 */
import { chargeFor, grantNothing, timedOut, tryAdmit, waitInLine } from '../budget/admit.ts';
import { Charge, refundCharges } from '../budget/account.ts';
import { lackingRoom, type Purpose } from '../budget/line.ts';
import type { Signal, SignalShape } from '../budget/wait.ts';
import type { AcquireTimeoutError } from '../errors/index.ts';
import type { AsyncHandle } from '../handle/async-handle.ts';
import { chargesFor } from '../handle/costs.ts';
import type { Kind } from '../handle/kind.ts';
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
    const { kind, request } = wanted;
    const details = new Details();
    details.label = wanted.key;
    details.site = wanted.site;
    // Without a wait the opener is called within the acquire, as the kind's own acquire does.
    const admitted = this.#admit(wanted);
    const charge = admitted instanceof Charge ? admitted : await admitted;
    // It was granted, and yet nobody may want it any more.
    if (this.stopped) {
      refundCharges(charge);
      throw this.#reason;
    }
    details.charge = charge;
    this.phase = 'open';
    return await kind.acquireWith(request, { stop: this.#controller?.signal }, details, true);
  }

  #admit<H extends AsyncHandle<unknown>, Request>({ kind, count, request, priority, makeRoom }: Wanted<H, Request>): Charge | Promise<Charge> {
    const costs = kind.definition.cost?.(request);
    if (this.stopped) throw this.#reason;
    const charge = chargesFor(costs, this.#purpose, chargeFor(count, 1, undefined, this.#purpose)) as Charge;
    this.#charge = charge;
    if (tryAdmit(charge)) return charge;
    this.phase = 'wait';
    const granted = waitInLine(charge, { signal: this.#controller?.signal as Signal | undefined, priority }, this.#purpose, grantNothing);
    makeRoom();
    return granted.then(() => charge);
  }

  /** The error of a follower whose time is over, wherever this try is. */
  timedOut(timeout: number): AcquireTimeoutError {
    const within = `within ${timeout} ms`;
    if (this.phase === 'open' || this.#charge === undefined) return timedOut(this.#charge, this.#purpose, 'open', within);
    const { account, amount } = lackingRoom(this.#charge) ?? this.#charge;
    return timedOut(new Charge(account, amount, undefined), this.#purpose, 'wait', within);
  }
}
