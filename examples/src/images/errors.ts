// What went wrong, as HTTP says it.

/** What the requester did wrong, or the server cannot do. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const STATUS: Record<string, number> = {
  ENOENT: 404,
  ERR_IMAGE_INPUT: 422,
  ERR_IMAGE_SHAPE: 422,
  ERR_IMAGE_TOO_LARGE: 413,
  ERR_BUDGET_EXCEEDED: 413, // larger than the whole budget: to wait would be in vain
  ERR_ACQUIRE_TIMEOUT: 503, // it waited for its turn: later there may be room
  ERR_ENGINE_MISSING: 501,
};

/** The status and one line about an error. What is unknown stays here: a message may name paths. */
export function statusOf(error: unknown): { status: number; message: string } {
  if (error instanceof HttpError) return { status: error.status, message: error.message };
  const { code = '', message = '' } = error as Partial<NodeJS.ErrnoException>;
  const status = STATUS[code] ?? 500;
  return { status, message: status === 404 ? 'no such picture' : status === 500 ? 'something went wrong' : message.split('\n', 1)[0]! };
}
