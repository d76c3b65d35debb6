// The tiles on the GPU. Those in view are asked for, coarse ones first; those that left the view are disposed, and what was still on
// its way to them is aborted. How much memory that may take is the heap's business: here nothing is counted but tiles.
import { DeviceLostError, type BindGroupHandle, type GpuHeap, type TextureHandle } from '@handback/gpu';
import type { Painters } from './painters.ts';
import { areaOf, areaSeen, keyOf, overlap, tilesWanted, type Area, type Place, type View } from './pyramid.ts';

export interface Tile {
  readonly place: Place;
  readonly area: Area;
  /** Aborts what is on its way. */
  readonly controller: AbortController;
  texture: TextureHandle | undefined;
  /** Made when it is drawn first. */
  group: BindGroupHandle | undefined;
  /** Its texels are in the queue: it can be drawn. */
  isReady: boolean;
}

export interface TilesOptions {
  readonly heap: GpuHeap;
  readonly painters: Painters;
  /** In texels. */
  readonly side: number;
  /** Something else can be drawn. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

// TEXTURE_BINDING and COPY_DST.
const USAGE = 0x4 | 0x2;

export class Tiles {
  /** Of texels, uploaded so far. */
  bytes = 0;
  /** Left before they had come. */
  aborted = 0;
  readonly side: number;
  readonly #options: TilesOptions;
  readonly #most: number;
  #tiles: Map<string, Tile> = new Map();

  constructor(options: TilesOptions) {
    this.#options = options;
    this.side = options.side;
    const { capacity } = options.heap.stats();
    // An eighth is for uploads, and the rectangles to draw are in a buffer of the same heap.
    this.#most = Math.floor((capacity * (7 / 8) - 2 ** 16) / (this.side * this.side * 4));
  }

  /** That can be drawn. */
  get ready(): number {
    return [...this.#tiles.values()].filter(({ isReady }) => isReady).length;
  }

  /** In view, and not here yet. */
  get coming(): number {
    return this.#tiles.size - this.ready;
  }

  /** Without a texture yet. */
  get waiting(): number {
    return [...this.#tiles.values()].filter(({ texture }) => texture === undefined).length;
  }

  /** Those to draw, the coarse ones first, so that finer ones cover them. */
  get drawn(): Tile[] {
    return [...this.#tiles.values()].filter(({ isReady }) => isReady).sort((a, b) => b.place.level - a.place.level);
  }

  /** Wants what is in view, and gives up what is not. */
  update(view: View): void {
    const wanted = new Map(tilesWanted(view, this.side, this.#most).map((place) => [keyOf(place), place]));
    const missing = [...wanted].filter(([key]) => this.#tiles.get(key)?.isReady !== true).map(([, place]) => areaOf(place, this.side));
    const seen = areaSeen(view);
    let room = this.#most - wanted.size;
    for (const [key, tile] of this.#tiles) {
      if (wanted.has(key)) continue;
      // What is there stands in for what is not, where it is in view and there is room for both.
      const standsIn = tile.isReady && overlap(tile.area, seen) && missing.some((area) => overlap(area, tile.area));
      if (standsIn && room-- > 0) continue;
      this.#leave(key, tile);
    }
    for (const [key, place] of wanted) if (!this.#tiles.has(key)) this.#want(key, place);
  }

  /** Gives all up. */
  clear(): void {
    for (const [key, tile] of this.#tiles) this.#leave(key, tile);
  }

  /** Drops all tiles as a program with a bug does: nobody disposes them. Answers how many. */
  forget(): number {
    const { ready } = this;
    for (const [key, { isReady, controller }] of this.#tiles) {
      if (!isReady) controller.abort();
      this.#tiles.delete(key);
    }
    return ready;
  }

  /** On another device: textures come back, empty, as they are used; bind groups are of the old device's layout. Answers how many came back. */
  restore(): number {
    let restored = 0;
    for (const [key, tile] of this.#tiles) {
      tile.group?.dispose();
      tile.group = undefined;
      try {
        void tile.texture?.value;
        restored++;
      } catch (error) {
        this.#leave(key, tile);
        this.#options.failed(error);
      }
    }
    return restored;
  }

  #want(key: string, place: Place): void {
    const tile: Tile = { place, area: areaOf(place, this.side), controller: new AbortController(), texture: undefined, group: undefined, isReady: false };
    this.#tiles.set(key, tile);
    void this.#load(key, tile);
  }

  async #load(key: string, tile: Tile): Promise<void> {
    const { signal } = tile.controller;
    const { heap } = this.#options;
    const size = [this.side, this.side];
    // Every texel is written before it is drawn, so what a former tile left need not be cleared. What `restored` refers to lives as long
    // as the texture: with the tile in it, which has the handle, a forgotten one could never be found.
    const options = { signal, clear: false, label: `tile ${key}`, restored: () => this.#fillAgain(key) };
    try {
      tile.texture = await heap.createTexture({ size, format: 'rgba8unorm', usage: USAGE }, options);
    } catch (error) {
      this.#fail(key, tile, error);
      return;
    }
    await this.#fill(key, tile);
  }

  #fillAgain(key: string): void {
    const tile = this.#tiles.get(key);
    if (tile !== undefined) void this.#fill(key, tile);
  }

  async #fill(key: string, tile: Tile): Promise<void> {
    const { signal } = tile.controller;
    tile.isReady = false;
    try {
      const data = await this.#options.painters.paint({ place: tile.place, side: this.side }, signal);
      await this.#options.heap.writeTexture({ texture: tile.texture as TextureHandle, data }, { signal });
      this.bytes += data.byteLength;
      tile.isReady = true;
      this.#options.changed();
    } catch (error) {
      this.#fail(key, tile, error);
    }
  }

  #fail(key: string, tile: Tile, error: unknown): void {
    tile.texture?.dispose();
    if (tile.controller.signal.aborted) return;
    this.#tiles.delete(key);
    // It is wanted again when there is a device. Where the GPU's process dies, Chromium fails what is under way before it says so.
    const isLoss = error instanceof DeviceLostError || (error as Error).name === 'OperationError';
    if (!isLoss) this.#options.failed(error);
  }

  #leave(key: string, tile: Tile): void {
    this.#tiles.delete(key);
    if (!tile.isReady) this.aborted++;
    tile.controller.abort();
    tile.group?.dispose();
    tile.texture?.dispose();
  }
}
