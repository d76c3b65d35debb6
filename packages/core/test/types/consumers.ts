// What strict consumers write: compiled, never run. Each line under @ts-expect-error must fail to compile, or the compilation fails.

/** Compiles with any library that has the language of ES2022. */
export const everywhere = `
import {
  AsyncHandle, AsyncHandles, Budget, collectGarbage, collectGarbageSync, defineAsyncResource, defineResource, Handle, Handles, leaks, Lease, Permit, Pool, ResourceError,
  AcquireTimeoutError, BudgetExceededError, DisposedError, InUseError, MovedError, ClosedError, ResourceLeakWarning, nativeMemory, watchMemory, adjustExternalMemory,
  type AcquireAllOptions, type AcquireOptions, type AsyncRelease, type BudgetOptions, type BudgetStats, type CollectOptions, type Cost, type Costs, type DrainOptions, type HandleClass, type HandleState,
  type Holder, type KindDefinition, type LabelOptions, type LeakEvent, type LeakLevel, type LeakListener, type LeakOptions, type LeaseOptions, type LiveResource, type OpenContext, type OpensAsync,
  type OpensNothing, type OpensSync, type OwningKind, type OwnOptions, type Ownership, type PoolOptions, type PoolStats, type Raw, type Reclaimer, type ResourceKind, type SyncRelease, type SyncResourceKind, type WaitOptions,
} from '@handback/core';

interface FileRequest { readonly path: string; readonly flags?: string | undefined }
const descriptors: Budget = new Budget({ name: 'descriptors', capacity: 100, unit: undefined, oversize: undefined });

export class OpenFile extends Handle<number> {
  readonly #size: number;
  constructor(ownership: Ownership<number>) {
    super(ownership);
    this.#size = this.value;
  }
  get size(): number { return this.#size; }
  read(): Promise<string> { return this.use(async (fd: number) => String(fd)); }
  override move(): this { return super.move(); }
  override dispose(): void { super.dispose(); }
}
export class Connection extends AsyncHandle<{ readonly id: string }> {
  override disposeAsync(): Promise<void> { return super.disposeAsync(); }
}

// Kinds can be written down.
export const files: SyncResourceKind<number, FileRequest, OpenFile> = defineResource({
  kind: 'file',
  open: async (request: FileRequest, { signal }: OpenContext) => (signal?.aborted === true ? 0 : request.path.length),
  openSync: (request: FileRequest) => request.path.length,
  release: (fd) => void fd.toFixed(),
  cost: (request) => ({ budget: descriptors, amount: request.path.length }),
  measure: (fd) => [{ budget: descriptors, amount: fd }],
  externalBytes: (fd) => fd,
  describe: (fd) => 'fd ' + fd.toFixed(),
  isExhausted: (error) => error === undefined,
  module: undefined,
  handle: OpenFile,
});
export const widened: ResourceKind<number, FileRequest, OpenFile> = files;
export const owning: OwningKind<number, OpenFile> = widened;
export const asynchronous: ResourceKind<number, FileRequest, OpenFile> = defineResource({ kind: 'file', open: async (request: FileRequest) => request.path.length, release: () => {}, handle: OpenFile });
export const connections: ResourceKind<{ readonly id: string }, string, Connection> = defineAsyncResource({
  kind: 'connection',
  open: async (id: string) => ({ id }),
  release: async () => {},
  handle: Connection,
});
export const adopted: OwningKind<ArrayBuffer, Handle<ArrayBuffer>> = defineResource({ kind: 'buffer', release: (raw: ArrayBuffer) => void raw.byteLength });
export const plain: SyncResourceKind<number, void, Handle<number>> = defineResource({ kind: 'plain', openSync: () => 1, release: () => {} });
// And inferred, and exported without a word.
export const inferred = defineResource({ kind: 'file', openSync: (request: FileRequest) => request.path.length, release: (fd) => void fd.toFixed(), handle: OpenFile });
export const inferredAsync = defineAsyncResource({ kind: 'connection', open: async (id: string, { signal }) => ({ id, signal }), release: async ({ id }) => void id.length });
export const defaultAsync: ResourceKind<number> = defineAsyncResource({ kind: 'x', open: () => 1, release: () => {} });

// Definitions, in their parts.
export const definition: KindDefinition<number, FileRequest> & SyncRelease<number> & OpensSync<number, FileRequest> & HandleClass<number, OpenFile> = {
  kind: 'file', openSync: ({ path }) => path.length, open: undefined, release: () => {}, handle: undefined, cost: undefined, measure: undefined, externalBytes: undefined, describe: undefined, isExhausted: undefined, module: undefined,
};
export const parts: [AsyncRelease<number>, OpensAsync<number, FileRequest>, OpensNothing] = [{ release: async () => {} }, { open: ({ path }) => path.length, openSync: undefined }, { open: undefined, openSync: undefined }];
export const costs: Costs[] = [undefined, { budget: descriptors, amount: 1 }, [{ budget: descriptors, amount: 1 }] satisfies Cost[]];

// Every optional member may be undefined.
export const own: OwnOptions = { label: undefined, parent: undefined };
export const wait: WaitOptions = { signal: undefined, timeout: undefined, priority: undefined, label: undefined };
export const acquire: AcquireOptions = { ...own, ...wait };
export const all: AcquireAllOptions = { ...acquire, openConcurrency: undefined };
export const budgetOptions: BudgetOptions = { name: 'x', capacity: Infinity, unit: undefined, oversize: 'alone' };
export const labels: LabelOptions = { label: undefined };
export const leakOptions: LeakOptions = { level: undefined, touch: undefined, warn: undefined };
export const collectOptions: CollectOptions = { depth: undefined };
export const reclaimer: Reclaimer = { name: 'pool', reclaimable: () => 1, reclaim: async (amount) => amount };

export const poolOptions: PoolOptions<number, FileRequest> = {
  name: undefined, max: 5, min: undefined, minRequest: undefined, key: ({ path }) => path, check: async (fd: number) => fd > 0, checkAfter: undefined, reset: (fd) => void fd.toFixed(), idleTimeout: undefined,
  maxLifetime: Infinity, acquireTimeout: undefined, overdueAfter: undefined, order: undefined, openConcurrency: undefined, drainTimeout: undefined,
};
export const leaseOptions: LeaseOptions = { ...wait };
export const drainOptions: DrainOptions = { timeout: undefined };
export const filePool: Pool<OpenFile, FileRequest> = new Pool(files, poolOptions);
export const connectionPool: Pool<Connection, string> = new Pool(connections, { max: 1, order: 'fifo', check: ({ id }) => id.length > 0, reset: async ({ id }) => void id });
export const plainPool: Pool<Handle<number>> = new Pool(plain, { max: 1 });
export const inferredPool = new Pool(inferred, { max: 1, key: ({ path }) => path });
export const inferredAsyncPool = new Pool(inferredAsync, { max: 1 });
export const raw: Raw<OpenFile> = 5;

// What is used.
export async function lent(): Promise<void> {
  await using pool = new Pool(plain, { max: 2 });
  using lease: Lease<number> = await pool.acquire();
  using other: Lease<number> | undefined = pool.tryAcquire();
  using file: Lease<number> = await filePool.acquire({ path: 'x' }, leaseOptions);
  using moved: Lease<number> = file.move();
  using named = await inferredPool.acquire({ path: 'x' });
  using connection: Lease<{ readonly id: string }> = await connectionPool.acquire('a');
  const id: string = connection.value.id;
  const used: number = await pool.use(async (fd) => fd + 1);
  const text: string = await connectionPool.use((value) => value.id, id, { timeout: 5 });
  const stats: PoolStats = pool.stats();
  const detached: number = moved.detach() + named.value + used + text.length + stats.idle;
  other?.discard();
  await pool.warmUp();
  await filePool.warmUp(1, { path: 'x' });
  pool.resize(detached);
  await pool.drain(drainOptions);
  await inferredAsyncPool.disposeAsync();
  const handle: Handle<number> = lease;
  void [handle, pool.name];
}
export async function job(): Promise<void> {
  using file = await files.acquire({ path: 'x' }, acquire);
  const text: string = await file.read();
  const size: number = file.use((fd) => fd) + file.size + text.length;
  const state: HandleState = file.state;
  using sync: OpenFile = files.acquireSync({ path: 'x', flags: undefined }, own);
  using moved: OpenFile = sync.move();
  using shared: OpenFile = moved.share();
  const raw: number = shared.detach() + size + state.length;
  await using connection: Connection = await connections.acquire('a', { parent: file });
  const id: string = connection.value.id;
  using several: Handles<OpenFile> = await files.acquireAll([{ path: 'x' }], all);
  await using many: AsyncHandles<Connection> = await connections.acquireAll([id]);
  const first: OpenFile | undefined = several[0];
  const paths: number[] = several.map((each) => each.value);
  using child: Handle<number> = plain.acquireSync(undefined, { parent: first });
  using another = plain.acquireSync();
  using waited = await plain.acquire();
  using taken = await plain.acquire(undefined, { timeout: 5 });
  using adoptedFile: OpenFile = owning.own(raw + paths.length + many.length + child.value + another.value + waited.value + taken.value, { label: 'x' });
  void adoptedFile;
  using permit: Permit | undefined = descriptors.tryAcquire(1);
  const stats: BudgetStats = descriptors.child(budgetOptions).stats();
  using registration: Disposable = descriptors.addReclaimer(reclaimer);
  using subscription: Disposable = leaks.subscribe((event: LeakEvent) => void [event.count.total, event.site?.frames[0]?.fn]);
  using watch: Disposable = watchMemory({ limit: undefined, onPressure: ({ after }) => void after });
  const listener: LeakListener = ({ kind }) => void kind;
  const level: LeakLevel = leaks.level;
  const live: LiveResource[] = leaks.live();
  leaks.configure(leakOptions);
  const collected: boolean = (await collectGarbage(collectOptions)) && collectGarbageSync();
  const bytes: number = adjustExternalMemory(1) + nativeMemory.stats().capacity;
  void [permit, stats, registration, subscription, watch, listener, level, live, collected, bytes];
}
export function told(error: unknown): string {
  if (error instanceof AcquireTimeoutError) return error.phase;
  if (error instanceof BudgetExceededError) return error.holders.map((holder: Holder) => holder.kind + (holder.site ?? '')).join();
  if (error instanceof DisposedError || error instanceof MovedError || error instanceof InUseError || error instanceof ClosedError) return error.code;
  if (error instanceof ResourceError) return error.kind ?? '';
  return error instanceof ResourceLeakWarning ? error.detail : '';
}

// What is wrong.
export async function wrong(): Promise<void> {
  // @ts-expect-error It cannot open within the call.
  asynchronous.acquireSync({ path: 'x' });
  // @ts-expect-error It is widened to a kind that need not.
  widened.acquireSync({ path: 'x' });
  // @ts-expect-error It owns, and opens nothing.
  adopted.acquire();
  // @ts-expect-error A request is missing.
  await files.acquire();
  // @ts-expect-error A request is missing.
  files.acquireSync();
  // @ts-expect-error The request is of another kind.
  await files.acquire('x');
  // @ts-expect-error The request lacks its path.
  await files.acquireAll([{}]);
  // @ts-expect-error There is nothing to wait for within the call.
  files.acquireSync({ path: 'x' }, { timeout: 5 });
  // @ts-expect-error A parent is a handle.
  plain.own(1, { parent: {} });
  // @ts-expect-error The raw is a number.
  plain.own('1');
  // @ts-expect-error A request is missing.
  await filePool.acquire();
  // @ts-expect-error The request is of another kind.
  filePool.tryAcquire(5);
  // @ts-expect-error It lends connections.
  await connectionPool.use((value: number) => value, 'a');
  // @ts-expect-error A pool has a \`max\`.
  new Pool(plain, {});
  // @ts-expect-error It opens nothing.
  new Pool(adopted, { max: 1 });
  // @ts-expect-error There is no such order.
  new Pool(plain, { max: 1, order: 'random' });
  // @ts-expect-error A check looks at a number.
  new Pool(plain, { max: 1, check: (value: string) => value.length > 0 });
  // @ts-expect-error A lease comes from its pool.
  new Lease(1);
  const connection = await connections.acquire('a');
  // @ts-expect-error Its release may be asynchronous.
  using held = connection;
  // @ts-expect-error It has no dispose within the call.
  connection.dispose();
  // @ts-expect-error The value is not to be set.
  connection.value = { id: 'b' };
  // @ts-expect-error So it says: the value is a number.
  const text: string = plain.own(1).value;
  // @ts-expect-error A handle comes from its kind.
  new Handle(1);
  // @ts-expect-error A handle comes from its kind.
  new OpenFile({});
  // @ts-expect-error There is no such level.
  leaks.configure({ level: 'loud' });
  // @ts-expect-error A budget has a capacity.
  new Budget({ name: 'x' });
  void [held, text];
}
class Foreign { readonly kind = 'x' }
class Texts extends Handle<string> {}
// @ts-expect-error No handle at all.
defineResource({ kind: 'x', openSync: () => 1, release: () => {}, handle: Foreign });
// @ts-expect-error A handle of another raw.
defineResource({ kind: 'x', openSync: () => 1, release: (raw: number) => void raw, handle: Texts });
// @ts-expect-error A handle for asynchronous releases.
defineResource({ kind: 'x', openSync: () => ({ id: 'x' }), release: (raw: { readonly id: string }) => void raw, handle: Connection });
// @ts-expect-error No release.
defineResource({ kind: 'x', openSync: () => 1 });
// @ts-expect-error A release of another raw.
defineResource({ kind: 'x', openSync: () => 1, release: (raw: string) => void raw });
// @ts-expect-error A cost without its amount.
defineResource({ kind: 'x', openSync: () => 1, release: () => {}, cost: () => ({ budget: descriptors }) });
`;

/** Where the host has AbortSignal: its own is taken. */
export const withAbortSignal = `
import { Budget, defineResource, type Signal } from '@handback/core';
export async function job(signal: AbortSignal): Promise<void> {
  const files = defineResource({ kind: 'file', open: async (path: string, context) => { const given: AbortSignal | undefined = context.signal; given?.throwIfAborted(); return path.length; }, release: () => {} });
  using file = await files.acquire('x', { signal });
  using permit = await new Budget({ name: 'x', capacity: file.value }).acquire(1, { signal: AbortSignal.timeout(5) });
  const same: Signal = signal;
  // @ts-expect-error It is no signal.
  await files.acquire('x', { signal: {} });
  void [permit, same];
}
`;

/** Where it has none: the least that is asked of one is enough. */
export const withoutAbortSignal = `
import { Budget, type Signal, type SignalShape } from '@handback/core';
const never: SignalShape = { aborted: false, reason: undefined, addEventListener() {}, removeEventListener() {} };
export async function job(): Promise<void> {
  const signal: Signal = never;
  using permit = await new Budget({ name: 'x', capacity: 1 }).acquire(1, { signal });
  void permit.amount;
}
`;

/** The primitives, which have their typings with them. */
export const primitives = `
import { AsyncDisposableStack, DisposableStack, SuppressedError } from '@handback/core';
import '@handback/core/polyfill';
export function scope(): DisposableStack {
  using stack = new DisposableStack();
  stack.defer(() => {});
  return stack.move();
}
export const later: AsyncDisposableStack = new AsyncDisposableStack();
export const joined: Error = new SuppressedError(1, 2);
`;
