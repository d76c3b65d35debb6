// Tells whether there is a WebGPU device here, in a process of its own: Dawn, once loaded, stays.
import { openGpuDevice } from '../../native/gpu-device.ts';
import { report } from './report.ts';

try {
  report({ type: 'result', name: (await openGpuDevice()).name });
} catch (error) {
  report({ type: 'result', missing: (error as Error).message });
}
process.exit(0); // Dawn would keep the process
