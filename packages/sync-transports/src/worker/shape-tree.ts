import { chmodSync, linkSync, lstatSync, lutimesSync, mkdirSync, renameSync, symlinkSync, unlinkSync, utimesSync } from 'node:fs';
import type { AbortFlag } from './abort-flag.ts';
import { attempt, secondsOf } from './attributes.ts';
import { absolutePath, errnoOf } from './raw-fs.ts';
import { removeTrees } from './remove-trees.ts';
import type { ShapeReport, ShapeStep, ShapeTask } from './tasks.ts';

const OWNER_ALL = 0o700;

/** Everything of a tree that is not content. Ends at the first step that fails and names it. */
export function shapeTree(task: ShapeTask, abort: AbortFlag): ShapeReport {
  let modesRefused = 0;
  for (const [done, step] of task.steps.entries()) {
    abort.check();
    try {
      if (takeStep(task, step, abort) === 'refused') modesRefused += 1;
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'UNKNOWN' || !(error instanceof Error)) throw error;
      return { done, modesRefused, fault: { path: step.path, call: step.do, code, message: error.message } };
    }
  }
  return { done: task.steps.length, fault: null, modesRefused };
}

function takeStep(task: ShapeTask, step: ShapeStep, abort: AbortFlag): 'done' | 'refused' {
  const path = absolutePath(task.treeRoot, step.path);
  switch (step.do) {
    case 'remove':
      removeTrees({ kind: 'remove', paths: [`${task.treeRoot}/${step.path}`] }, abort);
      return 'done';
    case 'folder':
      makeFolder(path);
      return 'done';
    case 'symlink':
      return placeSymlink(step, { path, partial: absolutePath(task.partialRoot, step.partial) });
    case 'link':
      placeLink(absolutePath(step.from, ''), { path, partial: absolutePath(task.partialRoot, step.partial) });
      return 'done';
    case 'attributes':
      // Times after the mode: a folder that may not be read can still be dated.
      utimesSync(path, secondsOf(step.mtimeNs), secondsOf(step.mtimeNs));
      return attempt(() => chmodSync(path, step.mode));
  }
}

/** Writable for its owner while it is filled, whatever its sealed mode is. */
function makeFolder(path: Buffer): void {
  try {
    mkdirSync(path, 0o755);
  } catch (error) {
    const stat = errnoOf(error) === 'EEXIST' ? lstatSync(path) : null;
    if (stat?.isDirectory() !== true) throw error;
    if ((stat.mode & OWNER_ALL) !== OWNER_ALL) chmodSync(path, stat.mode | OWNER_ALL);
  }
}

interface Place {
  readonly path: Buffer;
  readonly partial: Buffer;
}

function placeSymlink({ target, mtimeNs }: Extract<ShapeStep, { do: 'symlink' }>, { path, partial }: Place): 'done' | 'refused' {
  clear(partial);
  symlinkSync(Buffer.from(target, 'latin1'), partial);
  const dated = attempt(() => lutimesSync(partial, secondsOf(mtimeNs), secondsOf(mtimeNs)));
  renameSync(partial, path);
  return dated;
}

function placeLink(from: Buffer, { path, partial }: Place): void {
  clear(partial);
  linkSync(from, partial);
  renameSync(partial, path);
  // rename(2) of one name of a file onto another one does nothing, and says nothing.
  clear(partial);
}

function clear(partial: Buffer): void {
  try {
    unlinkSync(partial);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
