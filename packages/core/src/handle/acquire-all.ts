/**
 * Acquiring several at once: their permits are taken at one ticket, all or none, so that two jobs that each need many never hold
 * half each and wait for the other. Then they are opened, a few at a time.
 */
import pLimit from 'p-limit';
import { checkWait, grantNothing, tryAdmit, waitInLine } from '../budget/admit.ts';
import { requireAmount } from '../budget/amounts.ts';
import type { Signal, SignalShape } from '../budget/wait.ts';
import { handOver } from '../leaks/following.ts';
import type { Details } from '../leaks/record.ts';
import { SuppressedError } from '../primitives/index.ts';
import { now } from '../runtime/host.ts';
import type { AsyncHandle } from './async-handle.ts';
import { chargesForAll, dealOut } from './costs.ts';
import type { AcquireAllOptions } from './definition.ts';
import { Handle } from './handle.ts';
import { AsyncHandles, Handles } from './handles.ts';
import type { Kind } from './kind.ts';
import { giveBack } from './lifecycle.ts';
import { holdParent } from './parent.ts';

/** Node warns of a leak where more than ten listen to one signal. */
const OPEN_AT_ONCE = 10;

export async function acquireTogether<T, Request, H extends AsyncHandle<T>>(
  kind: Kind<T, Request, H>,
  requests: readonly Request[],
  options: AcquireAllOptions,
  makeDetails: () => Details,
): Promise<AsyncHandles<H>> {
  const deadline = options.timeout === undefined ? undefined : now() + options.timeout;
  const openConcurrency = requireAmount(options.openConcurrency ?? OPEN_AT_ONCE, 'openConcurrency');
  checkWait(options);
  const all = requests.map(makeDetails);
  try {
    for (const details of all) details.parent = holdParent(options.parent);
    await admitAll(kind, requests, options, all);
  } catch (error) {
    for (const details of all) giveBack(details);
    throw error;
  }

  // From here on each opener owns its part of what was taken: it keeps it or gives it back. The first failure ends the others.
  using together = new Together(options.signal as SignalShape | undefined);
  const open = async (request: Request, details: Details): Promise<H> => {
    try {
      if (together.ended) {
        giveBack(details);
        throw together.reason;
      }
      const timeout = deadline === undefined ? undefined : Math.max(0, deadline - now());
      return await kind.acquireWith(request, { ...options, timeout, signal: together.signal as Signal | undefined }, details, true);
    } catch (error) {
      together.end(error);
      throw error;
    }
  };
  const limit = pLimit(openConcurrency);
  const results = await Promise.allSettled(requests.map((request, index) => limit(open, request, all[index] as Details)));
  const handles = isSync(kind) ? (new Handles() as unknown as AsyncHandles<H>) : new AsyncHandles<H>();
  for (const result of results) if (result.status === 'fulfilled') handles.push(result.value);
  if (!together.ended) return handOver(handles, all[0]);
  try {
    await handles.disposeAsync();
  } catch (error) {
    throw new SuppressedError(error, together.reason);
  }
  throw together.reason;
}

/** Takes the permits of all at one ticket, and deals them out. */
async function admitAll<T, Request, H extends AsyncHandle<T>>(
  kind: Kind<T, Request, H>,
  requests: readonly Request[],
  options: AcquireAllOptions,
  all: readonly Details[],
): Promise<void> {
  const { cost } = kind.definition;
  const purpose = { kind: kind.kind, label: options.label };
  const costs = requests.map((request) => cost?.(request));
  const wanted = chargesForAll(costs, purpose);
  if (wanted !== undefined && !tryAdmit(wanted)) await waitInLine(wanted, options, purpose, grantNothing, all[0]);
  for (const [index, charge] of dealOut(wanted, costs).entries()) (all[index] as Details).charge = charge;
}

function isSync(kind: { readonly Handle: Function }): boolean {
  return kind.Handle === Handle || kind.Handle.prototype instanceof Handle;
}

interface Controller {
  readonly signal: SignalShape;
  abort(reason: unknown): void;
}

/** One signal for all openers: it fires when the caller's does, and when the first of them fails. */
class Together implements Disposable {
  readonly #controller: Controller | undefined;
  readonly #outer: SignalShape | undefined;
  readonly #onAbort: () => void;
  ended = false;
  reason: unknown = undefined;

  constructor(outer: SignalShape | undefined) {
    const { AbortController } = globalThis as unknown as { AbortController?: new () => Controller };
    this.#controller = AbortController === undefined ? undefined : new AbortController();
    this.#outer = outer;
    this.#onAbort = () => this.end(outer?.reason);
    outer?.addEventListener('abort', this.#onAbort);
    // Aborted after the permits were granted, before this code ran.
    if (outer?.aborted === true) this.#onAbort();
  }

  get signal(): SignalShape | undefined {
    return this.#controller?.signal ?? this.#outer;
  }

  end(reason: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.reason = reason;
    this.#controller?.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }
}
