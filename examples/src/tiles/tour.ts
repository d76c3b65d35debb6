// A flight over the map, for those who want to watch: down to a coast, along it, up again.
import type { Camera } from './camera.ts';
import { WORLD } from './pyramid.ts';

const LAP_MS = 40_000;

/** Flies until the answered function is called. */
export function fly(camera: Camera): () => void {
  let isFlying = true;
  const start = performance.now();
  const step = (now: number): void => {
    if (!isFlying) return;
    const lap = ((now - start) / LAP_MS) * 2 * Math.PI;
    const height = 0.5 + 0.5 * Math.cos(lap * 3);
    camera.lookAt(WORLD * (0.5 + 0.28 * Math.sin(lap)), WORLD * (0.5 + 0.24 * Math.sin(lap * 2)), 2 ** -(1 + 5 * height));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
  return () => void (isFlying = false);
}
