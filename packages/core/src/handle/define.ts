/** How a kind of resource is defined: in one call, from which its types follow. */
import type { AsyncHandle } from './async-handle.ts';
import type {
  AsyncRelease,
  HandleClass,
  KindDefinition,
  OpensAsync,
  OpensNothing,
  OpensSync,
  OwningKind,
  ResourceKind,
  SyncRelease,
  SyncResourceKind,
} from './definition.ts';
import type { Handle } from './handle.ts';
import { Kind, type AnyDefinition } from './kind.ts';

type Base<T, Request, H> = KindDefinition<T, Request> & HandleClass<T, H>;

/**
 * Defines a kind of resource whose release is synchronous. `acquireSync` exists where `openSync` does; without either opener the kind
 * can only `own` what was opened elsewhere. Throws TypeError for what is no definition.
 *
 * ```ts
 * const files = defineResource({
 *   kind: 'file',
 *   openSync: (path: string) => openSync(path, 'r'),
 *   release: (fd) => closeSync(fd),
 * });
 * using file = files.acquireSync('/etc/hosts');
 * ```
 */
export function defineResource<T, Request = void, H extends Handle<T> = Handle<T>>(
  definition: Base<T, Request, H> & SyncRelease<T> & OpensSync<T, Request>,
): SyncResourceKind<T, Request, H>;
export function defineResource<T, Request = void, H extends Handle<T> = Handle<T>>(
  definition: Base<T, Request, H> & SyncRelease<T> & OpensAsync<T, Request>,
): ResourceKind<T, Request, H>;
export function defineResource<T, H extends Handle<T> = Handle<T>>(definition: Base<T, never, H> & SyncRelease<T> & OpensNothing): OwningKind<T, H>;
export function defineResource(definition: object): unknown {
  return new Kind(definition as AnyDefinition<unknown, unknown, Handle<unknown>>, false);
}

/**
 * Defines a kind of resource whose release may be asynchronous: its handles are AsyncHandles, for `await using`.
 *
 * *See* defineResource, whose handles are cheaper and easier to hold, wherever the release can be synchronous.
 */
export function defineAsyncResource<T, Request = void, H extends AsyncHandle<T> = AsyncHandle<T>>(
  definition: Base<T, Request, H> & AsyncRelease<T> & OpensSync<T, Request>,
): SyncResourceKind<T, Request, H>;
export function defineAsyncResource<T, Request = void, H extends AsyncHandle<T> = AsyncHandle<T>>(
  definition: Base<T, Request, H> & AsyncRelease<T> & OpensAsync<T, Request>,
): ResourceKind<T, Request, H>;
export function defineAsyncResource<T, H extends AsyncHandle<T> = AsyncHandle<T>>(
  definition: Base<T, never, H> & AsyncRelease<T> & OpensNothing,
): OwningKind<T, H>;
export function defineAsyncResource(definition: object): unknown {
  return new Kind(definition as AnyDefinition<unknown, unknown, AsyncHandle<unknown>>, true);
}
