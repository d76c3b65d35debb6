/** Requests that differ in a pool without keys: what was opened for one of them would be lent for the other. */
import { show } from '../budget/amounts.ts';
import { host } from '../runtime/host.ts';

export class MixedRequests {
  readonly #pool: string;
  #first: unknown = undefined;
  #told = false;

  constructor(pool: string) {
    this.#pool = pool;
  }

  /** Warns once. Of objects nobody can say whether they ask for the same. */
  note(request: unknown): void {
    if (this.#told || typeof request === 'object' || typeof request === 'function') return;
    this.#first ??= request;
    if (Object.is(this.#first, request)) return;
    this.#told = true;
    host.process?.emitWarning?.(
      `Pool '${this.#pool}' has no \`key\`, so what was opened for ${show(this.#first)} is lent for ${show(request)} too. Give it a \`key\`; where that is meant, \`key: () => ''\`.`,
      { type: 'HandbackWarning', code: 'HANDBACK_POOL_KEY' },
    );
  }
}
