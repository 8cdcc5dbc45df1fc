import { parentPort } from 'node:worker_threads';
import { AbortFlag, TaskAborted } from './abort-flag.ts';
import { clearResult } from './clear-result.ts';
import { copyFiles } from './copy-files.ts';
import type { EntryBatch } from './entry-batch.ts';
import { batchMemory } from './entry-batch.ts';
import { hashFiles } from './hash-files.ts';
import { listTree } from './list-tree.ts';
import { errnoOf } from './raw-fs.ts';
import { removeTrees } from './remove-trees.ts';
import { shapeTree } from './shape-tree.ts';
import { syncTree } from './sync-tree.ts';
import type { Task, TaskMessage, WorkerMessage } from './tasks.ts';

// The thread behind WorkerPool: one task at a time, all calls synchronous. It imports nothing but Node and its own neighbours, because it is
// an entry of its own in the bundle.

function send(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function sendPart(part: unknown): void {
  send({ kind: 'part', part });
}

function sendBatch(part: EntryBatch): void {
  send({ kind: 'part', part }, batchMemory(part));
}

function perform(task: Task, abort: AbortFlag): unknown {
  switch (task.kind) {
    case 'list':
      return listTree(task, abort, sendBatch);
    case 'hash':
      return hashFiles(task, abort, sendPart);
    case 'copy':
      return copyFiles(task, abort, sendPart);
    case 'shape':
      return shapeTree(task, abort);
    case 'remove':
      return removeTrees(task, abort);
    case 'clear':
      return clearResult(task, abort);
    case 'sync':
      return syncTree(task, abort);
  }
}

parentPort?.on('message', ({ task, abort }: TaskMessage) => {
  try {
    send({ kind: 'done', report: perform(task, new AbortFlag(abort)) });
  } catch (error) {
    if (error instanceof TaskAborted) send({ kind: 'aborted' });
    else send({ kind: 'failed', code: errnoOf(error), message: error instanceof Error ? error.message : String(error) });
  }
});
