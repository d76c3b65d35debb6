// The page: opens the viewer, or says why it cannot, and connects the controls.
import { NoDeviceError } from './device.ts';
import { byId, showPanel, tell } from './panel.ts';
import { WORLD } from './pyramid.ts';
import { fly } from './tour.ts';
import { Viewer } from './viewer.ts';

const MIB = 2 ** 20;
const parameters = new URLSearchParams(location.search);
/** ?budget=64, in MiB. */
const budget = Math.max(8, Number(parameters.get('budget') ?? 64) || 64) * MIB;

function connect(viewer: Viewer): void {
  const clicked = (id: string, act: () => void): void => byId(id).addEventListener('click', act);
  clicked('lose', () => viewer.loseDevice());
  clicked('forget', () => viewer.forget());
  clicked('trim', () => tell(`${(viewer.heap.trim() / MIB).toFixed(0)} MiB that were idle are released.`));
  clicked('nearer', () => viewer.camera.zoom(2));
  clicked('farther', () => viewer.camera.zoom(1 / 2));
  byId<HTMLInputElement>('outlines').addEventListener('change', ({ target }) => (viewer.outlines = (target as HTMLInputElement).checked));
  for (const choice of document.querySelectorAll<HTMLInputElement>('input[name=side]')) {
    choice.addEventListener('change', () => viewer.resizeTiles(Number(choice.value)));
  }
  let land: (() => void) | undefined;
  clicked('tour', () => {
    land?.();
    land = land === undefined ? fly(viewer.camera) : undefined;
    byId('tour').textContent = land === undefined ? 'Tour' : 'Stop';
  });
}

async function start(): Promise<void> {
  const canvas = byId<HTMLCanvasElement>('map');
  try {
    const viewer = await Viewer.open({ canvas, budget, side: 512, tell });
    viewer.camera.lookAt(WORLD * 0.36, WORLD * 0.42, 1 / 40);
    connect(viewer);
    showPanel(viewer);
    document.body.dataset['state'] = 'open';
    canvas.focus();
    // For the console, and for tests.
    Object.assign(globalThis, { viewer });
  } catch (error) {
    if (!(error instanceof NoDeviceError)) throw error;
    byId('why').textContent = error.message;
    document.body.dataset['state'] = 'none';
  }
}

await start();
