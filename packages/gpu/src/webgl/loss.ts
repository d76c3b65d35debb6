/** How a page hears that a context is lost, and that it is there again: by events of its canvas. */

interface Listening {
  addEventListener(type: string, listener: (event: LossEvent) => void): void;
  removeEventListener(type: string, listener: (event: LossEvent) => void): void;
}

interface LossEvent {
  readonly statusMessage?: string;
  preventDefault(): void;
}

export interface LossListener {
  /** Whether the browser is asked to give the context back. */
  readonly restore: boolean;
  lost(message: string): void;
  restored(): void;
}

export function listenForLoss(canvas: object, { restore, lost, restored }: LossListener): Disposable {
  const target = canvas as Partial<Listening>;
  if (target.addEventListener === undefined) return { [Symbol.dispose]: () => {} };
  const onLost = (event: LossEvent): void => {
    if (restore) event.preventDefault();
    lost(event.statusMessage ?? '');
  };
  target.addEventListener('webglcontextlost', onLost);
  target.addEventListener('webglcontextrestored', restored);
  return {
    [Symbol.dispose]: () => {
      target.removeEventListener?.('webglcontextlost', onLost);
      target.removeEventListener?.('webglcontextrestored', restored);
    },
  };
}
