/** Bind groups as handles: they keep what is bound, as the platform's do, but so that it can be seen. */
import { defineResource, Handle, type OwningKind } from '@handback/core';
import { DeviceLostError } from '../errors.ts';
import type { BindGroup } from '../types.ts';
import { BufferHandle } from './buffer.ts';
import type { Keeper } from './hold.ts';
import { TextureHandle } from './texture.ts';
import { ViewHandle } from './view.ts';

/**
 * As GPUBindGroupDescriptor, with handles where it has resources of the platform, which may stand there too. What is of the platform
 * (the layout, a sampler) is lost with its device: given as a function, it is asked for anew then, so that the group can be made anew.
 */
export interface BindGroupDescriptor {
  readonly label?: string | undefined;
  readonly layout: object | (() => object);
  readonly entries: Iterable<{
    readonly binding: number;
    readonly resource:
      | TextureHandle
      | ViewHandle
      | BufferHandle
      | { readonly buffer: BufferHandle | object; readonly offset?: number; readonly size?: number }
      | object
      | (() => object);
  }>;
}

/** Where a bind group is made: the device there is now. */
export interface BindGroupMaker {
  readonly keeper: Keeper;
  readonly makeBindGroup: (descriptor: object) => object;
}

/** The raw of a bind group's handle: it shares what is bound until it is disposed. */
export class BindGroupHold {
  readonly label: string | undefined;
  readonly #maker: BindGroupMaker;
  readonly #layout: () => object;
  readonly #entries: readonly { binding: number; resource: () => object }[];
  readonly #leases: Disposable[] = [];
  #group: object | undefined = undefined;
  #device = -1;

  constructor(maker: BindGroupMaker, { label, layout, entries }: BindGroupDescriptor) {
    this.label = label;
    this.#maker = maker;
    this.#layout = this.#onThisDevice(layout);
    try {
      this.#entries = Array.from(entries, ({ binding, resource }) => ({ binding, resource: this.#bound(resource) }));
      void this.raw;
    } catch (error) {
      this.release();
      throw error;
    }
  }

  get raw(): object {
    this.#maker.keeper.requireDevice(this.label);
    if (this.#group === undefined || this.#device !== this.#maker.keeper.device) {
      const entries = this.#entries.map(({ binding, resource }) => ({ binding, resource: resource() }));
      this.#group = this.#maker.makeBindGroup({ label: this.label ?? '', layout: this.#layout(), entries });
      this.#device = this.#maker.keeper.device;
    }
    return this.#group;
  }

  release(): void {
    for (const lease of this.#leases.splice(0)) lease[Symbol.dispose]();
  }

  /** How to come by what the platform binds. A handle is shared first, so it stays while the group does. */
  #bound(resource: object): () => object {
    if (resource instanceof TextureHandle) {
      const view = resource.createView();
      this.#leases.push(view);
      return () => view.value;
    }
    if (resource instanceof ViewHandle) {
      const view = this.#lease(resource.share());
      return () => view.value;
    }
    if (resource instanceof BufferHandle) {
      const buffer = this.#lease(resource.share());
      return () => ({ buffer: buffer.value });
    }
    const { buffer } = resource as { buffer?: unknown };
    if (!(buffer instanceof BufferHandle)) return this.#onThisDevice(resource);
    const lease = this.#lease(buffer.share());
    return () => ({ ...resource, buffer: lease.value });
  }

  /** What is of the platform, as long as its device is there. */
  #onThisDevice(object: object | (() => object)): () => object {
    if (typeof object === 'function') return object as () => object;
    const { keeper } = this.#maker;
    const { device } = keeper;
    return () => {
      if (keeper.device === device) return object;
      const message = `Cannot make bind group '${this.label ?? ''}' anew: its layout, or a resource, is of a device that was lost. Give such as functions.`;
      throw new DeviceLostError(message, 'unknown', { kind: 'bind group', label: this.label });
    };
  }

  #lease<H extends Disposable>(handle: H): H {
    this.#leases.push(handle);
    return handle;
  }
}

/** Is a bind group; what it binds stays while it does. Hold it with `using`. */
export class BindGroupHandle extends Handle<BindGroup> {
  /** The bind group of the platform, on loan; on a new device, made anew. Throws DisposedError, MovedError or DeviceLostError. */
  override get value(): BindGroup {
    return groupHoldOf(super.value).raw as BindGroup;
  }

  override use<R>(operation: (group: BindGroup) => R): R {
    return super.use((hold) => operation(groupHoldOf(hold).raw as BindGroup));
  }

  override detach(): BindGroup {
    // What cannot be had is not detached.
    void this.value;
    const hold = groupHoldOf(super.detach());
    const group = hold.raw as BindGroup;
    hold.release();
    return group;
  }
}

export const bindGroups: OwningKind<BindGroup, BindGroupHandle> = defineResource({
  kind: 'bind group',
  release: (hold: BindGroup) => groupHoldOf(hold).release(),
  describe: (hold) => groupHoldOf(hold).label ?? '',
  handle: BindGroupHandle,
  module: import.meta.url,
});

function groupHoldOf(raw: BindGroup): BindGroupHold {
  return raw as unknown as BindGroupHold;
}
