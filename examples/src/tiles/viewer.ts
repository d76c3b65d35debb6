// The viewer: a camera, tiles, a renderer and the heap that they share; and what happens when the device goes.
import { leaks } from '@handback/core';
import { GpuHeap } from '@handback/gpu';
import { Camera } from './camera.ts';
import { openDevice } from './device.ts';
import { Painters } from './painters.ts';
import { Renderer } from './renderer.ts';
import { Tiles } from './tiles.ts';

const ATTEMPTS = 8;

export interface ViewerOptions {
  readonly canvas: HTMLCanvasElement;
  /** The most bytes of the GPU. */
  readonly budget: number;
  /** Of a tile, in texels. */
  readonly side: number;
  readonly tell: (message: string) => void;
}

export class Viewer {
  readonly heap: GpuHeap;
  readonly camera: Camera;
  /** What the device complained of, and what failed. */
  readonly errors: string[] = [];
  /** Textures that were forgotten, and found by the fallback. */
  found = 0;
  tiles: Tiles;
  readonly #options: ViewerOptions;
  readonly #renderer: Renderer;
  readonly #painters: Painters = new Painters(Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1)));
  readonly #frames: number[] = [];
  #device: GPUDevice | undefined;
  #isAsked = false;

  /** Rejects with NoDeviceError. */
  static async open(options: ViewerOptions): Promise<Viewer> {
    const errors: string[] = [];
    return new Viewer(options, await openDevice((message) => errors.push(message)), errors);
  }

  private constructor(options: ViewerOptions, device: GPUDevice, errors: string[]) {
    this.#options = options;
    this.#device = device;
    this.errors = errors;
    this.heap = new GpuHeap(device, { capacity: options.budget, name: 'map' });
    this.#renderer = new Renderer(this.heap, options.canvas, device);
    this.tiles = this.#newTiles(options.side);
    this.camera = new Camera(options.canvas, () => this.ask());
    leaks.subscribe(({ event, kind, count }) => {
      if (event === 'leak' && kind === 'texture') this.found += count.new;
    });
    new ResizeObserver(() => this.ask()).observe(options.canvas);
    void this.#followLosses();
  }

  /** Of texels, uploaded so far. */
  get bytes(): number {
    return this.tiles.bytes;
  }

  /** Drawn in the last second. Nothing is drawn while nothing changes. */
  get framesPerSecond(): number {
    const since = performance.now() - 1_000;
    while (this.#frames[0]! < since) this.#frames.shift();
    return this.#frames.length;
  }

  set outlines(on: boolean) {
    this.#renderer.outlines = on;
    this.ask();
  }

  /** Goes on with tiles of another size; those of the old size are evicted as room is needed. */
  resizeTiles(side: number): void {
    const { tiles } = this;
    tiles.clear();
    this.tiles = this.#newTiles(side);
    this.tiles.bytes = tiles.bytes;
    this.tiles.aborted = tiles.aborted;
    this.ask();
  }

  /** Drops all tiles without a dispose. */
  forget(): void {
    const count = this.tiles.forget();
    this.#options.tell(`${count} tiles were dropped without a dispose. When the budget is full, the fallback finds them.`);
    this.ask();
  }

  /** Takes the device away, as a driver that crashes does. */
  loseDevice(): void {
    this.#device?.destroy();
  }

  /** Asks for a frame. */
  ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      if (this.#device !== undefined) this.#frame();
    });
  }

  #frame(): void {
    const { canvas } = this.#options;
    const { view } = this.camera;
    const [width, height] = [Math.max(1, Math.round(view.width)), Math.max(1, Math.round(view.height))];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    this.tiles.update(view);
    this.#renderer.draw(view, this.tiles.drawn);
    this.#frames.push(performance.now());
  }

  #newTiles(side: number): Tiles {
    return new Tiles({ heap: this.heap, painters: this.#painters, side, changed: () => this.ask(), failed: (error) => this.#fail(error) });
  }

  /** Where the GPU's process has died, it takes a while until there is another. */
  async #anotherDevice(): Promise<GPUDevice> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await openDevice((message) => this.errors.push(message));
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  #fail(error: unknown): void {
    this.errors.push(String(error));
    this.#options.tell(String(error));
  }

  /** When the device is lost, the heap goes on with another: handles stay as they are, and what was in them is painted again. */
  async #followLosses(): Promise<void> {
    for (;;) {
      const { reason } = await this.heap.lost;
      const since = performance.now();
      this.#device = undefined;
      this.#options.tell(`The device was lost (${reason}).`);
      try {
        const device = await this.#anotherDevice();
        this.heap.attach(device);
        this.#renderer.attach(device);
        const restored = this.tiles.restore();
        this.#device = device;
        this.#options.tell(
          `The device was lost (${reason}); another was attached after ${(performance.now() - since).toFixed(0)} ms, ${restored} tiles restored.`,
        );
        this.ask();
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
  }
}
