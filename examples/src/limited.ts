// Runs a program of these examples again in a process that may have few descriptors. Node raises the soft limit to the hard one at its
// start, so only the hard one binds; where there is no `sh`, the program runs without a limit.
import { spawn, type ChildProcess } from 'node:child_process';

/** Starts the program of `file` under a limit; it finds `role` as its last argument. */
export function startLimited(limit: number, file: string, role: string): ChildProcess {
  const command = [process.execPath, ...process.execArgv, file, role];
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'] as const;
  if (process.platform === 'win32') return spawn(command[0] as string, command.slice(1), { stdio: [...stdio] });
  return spawn('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, ...command], { stdio: [...stdio] });
}
