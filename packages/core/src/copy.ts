/** This copy of the package, as the other copies in the process see it. */
import { holdersHere } from './budget/holders.ts';
import { forEachRecord, formatTrace, promoteForSweep, sweepLedger } from './leaks/ledger.ts';
import { detailsOf, isOpen } from './leaks/record.ts';
import { now } from './runtime/host.ts';
import { shared, type LiveResource } from './runtime/protocol.ts';

function live(): LiveResource[] {
  const all: LiveResource[] = [];
  const time = now();
  forEachRecord((record) => {
    formatTrace(record);
    const details = detailsOf(record);
    all.push({
      id: details.id,
      kind: record.kind.kind,
      label: details.label,
      site: details.site?.text,
      ageMs: time - details.born,
      bytes: details.bytes,
      state: isOpen(record) ? 'open' : 'closing',
      uses: record.uses,
      parentId: details.parent?.details?.id,
    });
  });
  return all;
}

/** Joins the copies of the process. Called once, by the public entry. */
export function joinProcess(): void {
  shared.copies.push({ promote: promoteForSweep, sweep: sweepLedger, holders: holdersHere, live });
}
