import { readFileSync, realpathSync } from 'node:fs';
import { errnoOf } from './raw-fs.ts';

/** Nothing below a tree that is to be deleted is entered where something else is mounted: a bind mount has the device of what it shows, so the table is asked, too. */
export class MountedBelow {
  readonly #device: bigint | number;
  readonly #root: string;
  readonly #points: ReadonlySet<string>;

  /** `root`: raw, absolute, an existing folder; `device`: its own. */
  constructor(root: string, device: bigint | number) {
    this.#device = device;
    this.#root = root;
    this.#points = pointsBelow(realpathSync(Buffer.from(root, 'latin1'), 'buffer').toString('latin1'));
  }

  /** Whether something else is mounted at this folder, as far as one can tell. `path`: raw, absolute, below the root. */
  has(path: string, device: bigint | number): boolean {
    return device !== this.#device || this.#points.has(path.slice(this.#root.length));
  }
}

/** Relative to `root`, with a slash before. Empty where there is no such table: then the device tells all there is to tell. */
function pointsBelow(root: string): ReadonlySet<string> {
  let table: string;
  try {
    table = readFileSync('/proc/self/mountinfo', 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Set();
    throw error;
  }
  const points = table.split('\n').map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  return new Set(points.filter((point) => point === root || point.startsWith(`${root}/`)).map((point) => point.slice(root.length)));
}
