// acquireSync may block up to 50 ms for other threads; then its error names them.
import { expect, test } from 'vitest';
import { useThreads } from './threads.ts';

const { run } = useThreads();

test('it gets what another thread holds idle, within the call', async () => {
  const told = await run(`
    roles.hoarder = async () => { seats(8).acquireSync(8).dispose(); say('idle'); await forever(); };
    await main(async () => {
      const budget = seats(8), hoarder = start('hoarder');
      await hoarder.next();
      tell(budget.tryAcquire(8) === undefined);
      tell(budget.acquireSync(8).amount);
      process.exit();
    });`);
  expect(told).toEqual([true, 8]);
});

test('it gets what another thread releases meanwhile', async () => {
  const told = await run(`
    roles.holder = async () => {
      const held = seats(8).acquireSync(8);
      say('holds');
      await heard();
      await sleep(5);
      held.dispose();
      await forever();
    };
    await main(async () => {
      const budget = seats(8), holder = start('holder');
      await holder.next();
      // The thread of the holder goes on while this one blocks.
      holder.tell('release');
      let permit;
      for (let attempt = 0; permit === undefined && attempt < 5; attempt++) try { permit = budget.acquireSync(1); } catch {}
      tell(permit.amount);
      process.exit();
    });`);
  expect(told).toEqual([1]);
});

test('its error comes after some 50 ms, names the threads and what each has borrowed, and leaves nothing behind', async () => {
  const told = (await run(`
    roles.holder = async () => { kept.push(seats(8).acquireSync(5)); say('holds'); await forever(); };
    await main(async () => {
      const budget = seats(8), holder = start('holder');
      await holder.next();
      kept.push(budget.acquireSync(2, { label: 'ours' }));
      const from = performance.now();
      try { budget.acquireSync(2); } catch (error) { tell([error.code, error.used, error.capacity, error.message.split('\\n').slice(0, 3), Math.floor(performance.now() - from)]); }
      tell(budget.tryAcquire(1).amount);
      process.exit();
    });`)) as [[string, number, number, string[], number], number];
  const [[code, used, capacity, lines, time], rest] = told;
  expect([code, used, capacity]).toEqual(['ERR_BUDGET_EXCEEDED', 7, 8]);
  expect(lines[0]).toContain('2 seats asked for, 7 of 8 seats in use');
  expect(lines.slice(1).join('\n')).toContain('5 seats borrowed by thread 1, all in use');
  expect(lines.slice(1).join('\n')).toContain("2 seats held by 1 permit 'ours'");
  expect(time).toBeGreaterThanOrEqual(45);
  expect(time).toBeLessThan(1_000);
  expect(rest).toBe(1);
});

test('without other threads it does not block', async () => {
  const told = (await run(`
    await main(() => {
      const budget = seats(2);
      kept.push(budget.acquireSync(2));
      const from = performance.now();
      try { for (let index = 0; index < 10; index++) try { budget.acquireSync(); } catch (error) { if (index === 9) throw error; } } catch (error) { tell([error.code, performance.now() - from < 400]); }
    });`)) as unknown[];
  expect(told).toEqual([['ERR_BUDGET_EXCEEDED', true]]);
});

test('two threads that block, each with something idle, do not wait for each other', async () => {
  const told = await run(`
    roles.other = async (barrier) => {
      const budget = seats(8);
      budget.acquireSync(4).dispose();
      say('idle');
      await heard();
      Atomics.add(barrier, 0, 1);
      while (Atomics.load(barrier, 0) < 2);
      try { const permit = budget.acquireSync(5); say(permit.amount); permit.dispose(); } catch (error) { say(error.message); }
    };
    await main(async () => {
      const budget = seats(8), barrier = new Int32Array(new SharedArrayBuffer(4)), other = start('other', barrier);
      await other.next();
      budget.acquireSync(4).dispose();
      other.tell('now');
      Atomics.add(barrier, 0, 1);
      while (Atomics.load(barrier, 0) < 2);
      try { const permit = budget.acquireSync(5); tell(permit.amount); permit.dispose(); } catch (error) { tell(error.message); }
      tell(await other.next());
    });`);
  expect(told).toEqual([5, 5]);
});
