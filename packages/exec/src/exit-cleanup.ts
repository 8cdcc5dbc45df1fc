import type { RawProcess } from './raw-process.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const running = new Set<RawProcess>();

/**
 * Ends a program when this process exits, or is ended by a signal that nobody else here listens to: who has a listener of
 * its own decides itself. Returns what to call when the program has ended.
 */
export function endWithThisProcess(program: RawProcess): () => void {
  if (running.size === 0) listen();
  running.add(program);
  return () => {
    if (running.delete(program) && running.size === 0) stopListening();
  };
}

function endAll(): void {
  for (const program of running) program.kill('SIGTERM');
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  endAll();
  // Without our listener the signal does what it always does.
  stopListening();
  process.kill(process.pid, signal);
}

function listen(): void {
  process.on('exit', endAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function stopListening(): void {
  process.off('exit', endAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
