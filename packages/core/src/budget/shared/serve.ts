/**
 * What a thread does when it is woken: it fits its lines to a new capacity, serves them with what came free, and gives back what is
 * idle. Where another thread lacks room still, it evicts what is idle and sweeps its own heap: nobody else can.
 */
import { refitLines } from '../admit.ts';
import { pump } from '../line.ts';
import { reclaimForOthers } from '../reclaim.ts';
import { host, unref } from '../../runtime/host.ts';
import type { SharedAccount } from './account.ts';
import { UNKNOWN } from './names.ts';
import { listen, type Seat } from './thread.ts';

const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 256;

const served: SharedAccount[] = [];
const helping = new Set<SharedAccount>();

/** Serves an account from now on, whenever this thread is woken. */
export function serve(account: SharedAccount, seat: Seat): void {
  served.push(account);
  if (served.length === 1) listen(seat, () => served.forEach(onWake));
}

function onWake(account: SharedAccount): void {
  const capacity = account.knownCapacity();
  // Nobody has used it yet.
  if (capacity === UNKNOWN) return;
  account.giveExcess();
  if (account.fitted !== capacity) {
    account.fitted = capacity;
    refitLines(account);
  } else pump(account);
  help(account);
}

/** Helps the first thread in line, a step at a time, for as long as it lacks room. It keeps no thread alive. */
function help(account: SharedAccount): void {
  if (helping.has(account) || account.used === 0) return;
  helping.add(account);
  void helpOn(account).finally(() => helping.delete(account));
}

async function helpOn(account: SharedAccount): Promise<void> {
  let ticket = 0n;
  let delay = FIRST_PAUSE;
  for (let round = 0; ; round++) {
    const first = account.lackElsewhere();
    if (first === undefined || first.lack <= 0) return;
    // A line that moves needs no collection.
    if (first.ticket !== ticket) round = 0;
    ({ ticket } = first);
    reclaimForOthers(account, () => account.lackElsewhere()?.lack ?? 0, round === 0 ? undefined : round < 3 ? 'minor' : 'full');
    await new Promise<void>((resolve) => void unref(host.setTimeout(resolve, delay)));
    delay = Math.min(2 * delay, LONGEST_PAUSE);
  }
}
