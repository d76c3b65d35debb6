// The clients of the load: a mix of requests, all sent at once.
import { Agent, request } from 'node:http';

export interface Wanted {
  verb: string;
  body: Uint8Array;
  isLarge: boolean;
}

export interface Outcome {
  isLarge: boolean;
  /** 0: no answer at all. */
  status: number;
  seconds: number;
}

/** Uploads one picture and reads the answer to its end. */
function upload(port: number, agent: Agent, { verb, body, isLarge }: Wanted): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    const end = (status: number): void => resolve({ isLarge, status, seconds: (performance.now() - started) / 1000 });
    const sent = request({ host: '127.0.0.1', port, agent, method: 'POST', path: `/${verb}`, headers: { 'content-length': body.byteLength } });
    sent.on('error', () => end(0));
    sent.on('response', (response) => {
      response.on('error', () => end(0)).on('end', () => end(response.statusCode ?? 0));
      response.resume();
    });
    sent.end(body);
  });
}

/** Sends all at once, each on a connection of its own. */
export async function sendAll(port: number, wanted: Wanted[], onAnswer: (answered: number) => void): Promise<Outcome[]> {
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  let answered = 0;
  return Promise.all(
    wanted.map(async (each) => {
      const outcome = await upload(port, agent, each);
      onAnswer(++answered);
      return outcome;
    }),
  );
}
