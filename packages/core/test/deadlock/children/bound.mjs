// A deadlock of what `using` has bound, in the syntax of the runtime itself.
import { Budget, leaks } from '@handback/core';

leaks.configure({ warn: false });
const budget = new Budget({ name: 'seats', unit: 'seat', capacity: 1 });

async function nested() {
  using _outer = await budget.acquire();
  using _inner = await budget.acquire();
}
await nested().catch(({ code, deadlock }) => console.log(JSON.stringify({ code, deadlock })));
