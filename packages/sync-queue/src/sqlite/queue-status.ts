import type { QueueStatus } from '../queue-status.ts';
import { iso } from './job-row.ts';
import type { Tx } from './queue-database.ts';

/** Whether a person has paused the whole queue. */
export function isPaused(tx: Tx): boolean {
  return pausedAt(tx) > 0;
}

export function read(tx: Tx): QueueStatus {
  const at = pausedAt(tx);
  return { pausedAt: at === 0 ? null : iso(at) };
}

/** 0 ends the pause; a second pause keeps the time of the first. */
export function setPaused(tx: Tx, at: number): QueueStatus {
  if (at === 0 || !isPaused(tx)) setCounter(tx, 'paused_at', at);
  return read(tx);
}

export function counter(tx: Tx, name: string): number {
  return (tx.sql('SELECT value FROM counters WHERE name = ?').pluck().get(name) as number | undefined) ?? 0;
}

export function setCounter(tx: Tx, name: string, value: number): void {
  tx.sql('INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value').run(name, value);
}

function pausedAt(tx: Tx): number {
  return counter(tx, 'paused_at');
}
