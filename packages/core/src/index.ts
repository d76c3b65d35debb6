/**
 * Handback's core: handles that fail at the call, budgets that admit in fair order, and a fallback that finds what was forgotten,
 * gives it back and says which line forgot it. The way of a resource is one function: `acquireWith` in handle/kind.ts.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { joinProcess } from './copy.ts';

joinProcess();

export { AsyncDisposableStack, DisposableStack, SuppressedError } from './primitives/index.ts';
export { AsyncHandle, type HandleState, type Ownership } from './handle/async-handle.ts';
export { Handle } from './handle/handle.ts';
export { showAs } from './handle/inspect.ts';
export { AsyncHandles, Handles } from './handle/handles.ts';
export { defineAsyncResource, defineResource } from './handle/define.ts';
export type {
  AcquireAllOptions,
  AcquireOptions,
  AsyncRelease,
  Cost,
  Costs,
  HandleClass,
  KindDefinition,
  OpenContext,
  OpensAsync,
  OpensNothing,
  OpensSync,
  OwningKind,
  OwnOptions,
  Requested,
  ResourceKind,
  SyncRelease,
  SyncResourceKind,
} from './handle/definition.ts';
export { ResourceCache } from './cache/resource-cache.ts';
export type { CacheOptions, CacheStats } from './cache/options.ts';
export { Budget, processBudget, type BudgetOptions, type BudgetStats, type LabelOptions, type ProcessBudgetOptions } from './budget/budget.ts';
export { SharedBudget, type SharedBudgetOptions } from './budget/shared/budget.ts';
export type { FindCapacity } from './budget/shared/account.ts';
export { Permit } from './budget/permit.ts';
export type { Oversize, Reclaimer } from './budget/account.ts';
export type { WaitOptions } from './budget/admit.ts';
export type { Signal, SignalShape } from './budget/wait.ts';
export { Pool, type Raw } from './pool/pool.ts';
export { Lease } from './pool/lease.ts';
export type { DrainOptions, LeaseOptions, PoolOptions, PoolStats } from './pool/options.ts';
export { nativeMemory } from './budget/native-memory.ts';
export { watchMemory, type MemoryPressure, type WatchMemoryOptions } from './budget/watch-memory.ts';
export { leaks, type Leaks } from './leaks/index.ts';
export { ResourceLeakWarning } from './leaks/report.ts';
export type { LeakEvent, LeakListener } from './leaks/events.ts';
export type { LeakLevel, LeakOptions } from './leaks/levels.ts';
export type { Frame } from './leaks/site.ts';
export type { LiveResource } from './runtime/protocol.ts';
export { adjustExternalMemory } from './memory/gauge.ts';
export { collectGarbage, collectGarbageSync, type CollectionDepth, type CollectOptions } from './memory/collect.ts';
export {
  AcquireTimeoutError,
  BudgetExceededError,
  ClosedError,
  DisposedError,
  InUseError,
  MovedError,
  ResourceError,
  type AcquirePhase,
  type BudgetNumbers,
  type Holder,
  type ResourceErrorInfo,
} from './errors/index.ts';
