/** Refuses what is no definition of a kind, when it is defined: before anything is opened. */
import { show } from '../budget/amounts.ts';
import type { AsyncHandle } from './async-handle.ts';
import type { Handle } from './handle.ts';

/** Throws TypeError that names the property and what was expected. */
export function requireDefinition(
  definition: { readonly kind: string; readonly release: unknown; readonly handle?: unknown },
  Base: typeof AsyncHandle | typeof Handle,
): void {
  const functions = ['open', 'openSync', 'cost', 'measure', 'externalBytes', 'describe', 'isExhausted', 'handle'] as const;
  if (typeof definition?.kind !== 'string' || definition.kind === '')
    throw new TypeError(`Expected \`kind\` to be a word for the sort of resource, got ${show(definition?.kind)}`);
  const { kind, release, handle } = definition;
  if (typeof release !== 'function') throw new TypeError(`Kind '${kind}': expected \`release\` to be a function, got ${show(release)}`);
  for (const name of functions) {
    const value = (definition as unknown as Record<string, unknown>)[name];
    if (value !== undefined && typeof value !== 'function') throw new TypeError(`Kind '${kind}': expected \`${name}\` to be a function, got ${show(value)}`);
  }
  if (handle === undefined || handle === Base || (handle as Function).prototype instanceof Base) return;
  throw new TypeError(
    `Kind '${kind}': expected \`handle\` to be a class that extends ${Base.name} of this copy of @handback/core, got class ${(handle as Function).name}`,
  );
}
