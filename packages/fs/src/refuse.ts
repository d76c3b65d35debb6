/** Refusals of what a caller gave, with the codes of `node:fs`, whose shapes the calls have. */
export function refusal(code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE', message: string): TypeError {
  return Object.assign(new TypeError(message), { code });
}
