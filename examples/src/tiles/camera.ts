// What is looked at, and how hands move it: dragging, the wheel, two fingers on a trackpad, keys.
import { WORLD, type View } from './pyramid.ts';

const NEAREST = 2;
const KEY_STEP = 0.2;
const KEY_ZOOM = 1.5;

export class Camera {
  readonly #canvas: HTMLCanvasElement;
  readonly #moved: () => void;
  #x = WORLD * 0.5;
  #y = WORLD * 0.5;
  #scale = 0;
  readonly #pointers: Map<number, { x: number; y: number }> = new Map();

  /** `moved` is called when something else is to be seen. */
  constructor(canvas: HTMLCanvasElement, moved: () => void) {
    this.#canvas = canvas;
    this.#moved = moved;
    canvas.addEventListener('pointerdown', (event) => this.#press(event));
    canvas.addEventListener('pointermove', (event) => this.#drag(event));
    for (const type of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(type, (event) => this.#pointers.delete(event.pointerId));
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener('dblclick', (event) => this.zoom(2, event.offsetX, event.offsetY));
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  /** In pixels of the screen. */
  get view(): View {
    const { clientWidth, clientHeight } = this.#canvas;
    const ratio = devicePixelRatio;
    return { x: this.#x, y: this.#y, scale: this.#scale * ratio, width: clientWidth * ratio, height: clientHeight * ratio };
  }

  /** Looks at a place of the map: pixels of the page a unit. */
  lookAt(x: number, y: number, scale: number): void {
    this.#x = x;
    this.#y = y;
    this.#scale = scale;
    this.#keepInside();
  }

  /** Moves by pixels of the page. */
  pan(across: number, down: number): void {
    this.lookAt(this.#x + across / this.#scale, this.#y + down / this.#scale, this.#scale);
  }

  /** Zooms by a factor; what is at this place of the page stays there. */
  zoom(factor: number, atX: number = this.#canvas.clientWidth / 2, atY: number = this.#canvas.clientHeight / 2): void {
    const scale = Math.min(NEAREST, Math.max(this.#least, this.#scale * factor));
    const [across, down] = [atX - this.#canvas.clientWidth / 2, atY - this.#canvas.clientHeight / 2];
    const change = 1 / this.#scale - 1 / scale;
    this.lookAt(this.#x + across * change, this.#y + down * change, scale);
  }

  /** All of the map, without an edge to be seen. */
  get #least(): number {
    return Math.max(this.#canvas.clientWidth, this.#canvas.clientHeight, 1) / WORLD;
  }

  #keepInside(): void {
    this.#scale = Math.min(NEAREST, Math.max(this.#least, this.#scale));
    const within = (unit: number, pixels: number): number => {
      const half = pixels / this.#scale / 2;
      return Math.min(WORLD - half, Math.max(half, unit));
    };
    this.#x = within(this.#x, this.#canvas.clientWidth);
    this.#y = within(this.#y, this.#canvas.clientHeight);
    this.#moved();
  }

  #press(event: PointerEvent): void {
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  }

  #drag(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = { x: event.offsetX, y: event.offsetY };
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (other === undefined) this.pan(before.x - now.x, before.y - now.y);
    else this.zoom(Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y)), other.x, other.y);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    // A wheel counts lines or pages in some browsers.
    const pixels = event.deltaY * [1, 16, 400][event.deltaMode]!;
    this.zoom(2 ** (-pixels / (event.ctrlKey ? 100 : 300)), event.offsetX, event.offsetY);
  }

  #key(event: KeyboardEvent): void {
    const step = KEY_STEP * Math.min(this.#canvas.clientWidth, this.#canvas.clientHeight);
    const acts: Record<string, () => void> = {
      ArrowLeft: () => this.pan(-step, 0),
      ArrowRight: () => this.pan(step, 0),
      ArrowUp: () => this.pan(0, -step),
      ArrowDown: () => this.pan(0, step),
      '+': () => this.zoom(KEY_ZOOM),
      '=': () => this.zoom(KEY_ZOOM),
      '-': () => this.zoom(1 / KEY_ZOOM),
      '0': () => this.lookAt(WORLD / 2, WORLD / 2, 0),
    };
    const act = acts[event.key];
    if (act === undefined || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    act();
  }
}
