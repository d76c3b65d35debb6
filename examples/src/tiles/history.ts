// The account over the last half minute, as stacked areas under a line for the capacity.
import type { GpuHeapStats } from '@handback/gpu';

export const PARTS = ['live', 'idle', 'retired', 'staging'] as const;
const SAMPLES = 300;

export class History {
  readonly #canvas: HTMLCanvasElement;
  readonly #samples: GpuHeapStats[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  add(stats: GpuHeapStats): void {
    this.#samples.push(stats);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    this.#draw(stats.capacity);
  }

  #draw(capacity: number): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const [width, height] = [Math.round(clientWidth * devicePixelRatio), Math.round(clientHeight * devicePixelRatio)];
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = this.#canvas.getContext('2d') as CanvasRenderingContext2D;
    const style = getComputedStyle(this.#canvas);
    context.clearRect(0, 0, width, height);
    const top = 3 * devicePixelRatio;
    const x = (i: number): number => ((SAMPLES - this.#samples.length + i) / (SAMPLES - 1)) * width;
    const y = (bytes: number): number => height - (bytes / capacity) * (height - top);
    const below = this.#samples.map(() => 0);
    for (const part of PARTS) {
      context.beginPath();
      this.#samples.forEach((_, i) => context.lineTo(x(i), y(below[i]!)));
      for (let i = this.#samples.length - 1; i >= 0; i--) context.lineTo(x(i), y((below[i]! += this.#samples[i]![part])));
      context.fillStyle = style.getPropertyValue(`--${part}`);
      context.fill();
    }
    context.strokeStyle = style.getPropertyValue('--ink');
    context.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    context.beginPath();
    context.moveTo(0, y(capacity));
    context.lineTo(width, y(capacity));
    context.stroke();
  }
}
