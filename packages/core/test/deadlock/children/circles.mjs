// Deadlocks, and what is none, in a process of their own: so that each Node can be asked. Prints what each flow ended with.
import { Budget, leaks } from '@handback/core';

leaks.configure({ warn: false });
const work = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const budgetOf = (capacity) => new Budget({ name: 'seats', unit: 'seat', capacity });
const say = (value) => console.log(JSON.stringify(value));
const endOf = (flow) =>
  flow.then(
    () => 'done',
    ({ code, deadlock, message }) => ({
      code,
      deadlock,
      certain: message.includes('. Deadlock: '),
      holders: message.split('\n').filter((line) => line.startsWith('  ')).length,
    }),
  );

async function holdAndWait(budget, options) {
  const outer = await budget.acquire();
  // What a `using` declaration does first; not every Node that is asked has the syntax.
  const dispose = outer[Symbol.dispose];
  try {
    await work(5);
    const inner = await budget.acquire(1, options);
    inner.dispose();
  } finally {
    dispose.call(outer);
  }
}

async function task(budget, ms, options) {
  const permit = await budget.acquire(1, options);
  const dispose = permit[Symbol.dispose];
  await work(ms);
  dispose.call(permit);
}

const scenarios = {
  async nested() {
    say(await endOf(holdAndWait(budgetOf(1), { timeout: 100 })));
  },
  async crossing() {
    const budget = budgetOf(2);
    // The default time-out is half a minute: nobody waits for it at level strict.
    const options = leaks.level === 'strict' ? {} : { timeout: 200 };
    say(await Promise.all([endOf(holdAndWait(budget, options)), endOf(holdAndWait(budget, options))]));
  },
  async loop() {
    const budget = budgetOf(10);
    const tasks = [];
    for (let index = 0; index < 500; index++) {
      tasks.push(endOf(task(budget, 5)));
      if (index % 50 === 0) await work(1);
    }
    tasks.push(endOf(task(budget, 1, { timeout: 20 })));
    const ends = await Promise.all(tasks);
    say({ done: ends.filter((end) => end === 'done').length, last: ends.at(-1) });
  },
  async started() {
    const budget = budgetOf(1);
    const other = task(budget, 600);
    await work(1);
    say(await endOf(budget.acquire(1, { timeout: 400 })));
    await other;
  },
};
await scenarios[process.argv[2]]();
