/** From what a kind says its resources cost to charges on accounts, and to the settled charges of an open one. */
import { Charge, settleCharge, type Account } from '../budget/account.ts';
import { chargeFor } from '../budget/admit.ts';
import { requireAmount, requireMeasure } from '../budget/amounts.ts';
import { accountOf } from '../budget/budget.ts';
import type { Purpose } from '../budget/line.ts';
import type { Cost, Costs } from './definition.ts';

function listOf(costs: Costs): readonly Cost[] {
  if (costs === undefined) return [];
  return Array.isArray(costs) ? (costs as readonly Cost[]) : [costs as Cost];
}

/** The charges for some costs, one an account: what is to be admitted at once. Throws for what is no amount, or can never fit. */
export function chargesFor(costs: Costs, purpose: Purpose): Charge | undefined {
  // The common case, without a list.
  if (costs !== undefined && !Array.isArray(costs)) return oneCharge(costs as Cost, purpose);
  return chargesOf(sum(listOf(costs)), purpose);
}

function oneCharge({ budget, amount }: Cost, purpose: Purpose): Charge {
  return chargeFor(accountOf(budget), requireAmount(amount, 'cost().amount'), undefined, purpose);
}

/** The charges for several requests together. */
export function chargesForAll(all: readonly Costs[], purpose: Purpose): Charge | undefined {
  return chargesOf(sum(all.flatMap(listOf)), purpose);
}

function sum(costs: readonly Cost[]): Map<Account, number> {
  const sums = new Map<Account, number>();
  for (const { budget, amount } of costs) {
    const account = accountOf(budget);
    sums.set(account, (sums.get(account) ?? 0) + requireAmount(amount, 'cost().amount'));
  }
  return sums;
}

function chargesOf(sums: Map<Account, number>, purpose: Purpose): Charge | undefined {
  let charges: Charge | undefined;
  for (const [account, amount] of sums) charges = chargeFor(account, amount, charges, purpose);
  return charges;
}

/**
 * Deals what was taken for several requests out to each of them. Where a budget let more than its capacity run alone, what was
 * taken is less than the sum: the last ones get what is left.
 */
export function dealOut(taken: Charge | undefined, all: readonly Costs[]): (Charge | undefined)[] {
  const left = new Map<Account, number>();
  for (let charge = taken; charge !== undefined; charge = charge.next) left.set(charge.account, charge.amount);
  const shares = all.map((costs) => {
    let charges: Charge | undefined;
    for (const [account, amount] of sum(listOf(costs))) {
      const rest = left.get(account) ?? 0;
      const share = Math.min(rest, amount);
      left.set(account, rest - share);
      charges = new Charge(account, share, charges);
    }
    return charges;
  });
  return shares;
}

/** Settles charges to what was measured; what the measure names and the cost did not is taken now, without waiting. */
export function settleCharges(charges: Charge | undefined, measured: Costs): Charge | undefined {
  // All amounts are checked before any is settled.
  const actual = new Map<Account, number>();
  for (const { budget, amount } of listOf(measured)) {
    const account = accountOf(budget);
    actual.set(account, (actual.get(account) ?? 0) + requireMeasure(amount, 'measure().amount'));
  }
  for (let charge = charges; charge !== undefined; charge = charge.next) {
    const amount = actual.get(charge.account);
    actual.delete(charge.account);
    if (amount !== undefined) settleCharge(charge, amount);
  }
  let all = charges;
  for (const [account, amount] of actual) {
    account.take(amount);
    all = new Charge(account, amount, all);
  }
  return all;
}
