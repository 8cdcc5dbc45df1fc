import type { RawPath } from '../raw-path.ts';
import type { RemoteEntry } from '../transport.ts';

/** Takes LIST_SCRIPT's fields behind `listing`, four for each entry, and `end`. */
export class TreeListing {
  readonly entries: Map<RawPath, RemoteEntry> = new Map<RawPath, RemoteEntry>();
  #fields: string[] = [];
  #isWhole = false;

  /** Whether `end` has come: a listing that was cut off must not look like missing files. */
  get isWhole(): boolean {
    return this.#isWhole && this.#fields.length === 0;
  }

  add(field: string): void {
    if (this.#fields.length === 0 && field === 'end') {
      this.#isWhole = true;
      return;
    }
    this.#fields.push(field);
    if (this.#fields.length < 4) return;
    const [type = '', size = '', name = '', target = ''] = this.#fields;
    this.#fields = [];
    this.entries.set(withoutDot(name), entryOf(type, { size: Number(size), target: target as RawPath }));
  }
}

function entryOf(type: string, { size, target }: { readonly size: number; readonly target: RawPath }): RemoteEntry {
  switch (type) {
    case 'f':
      return { type: 'file', size, sha256: null };
    case 'd':
      return { type: 'dir' };
    case 'l':
      return { type: 'symlink', target };
    default:
      return { type: 'other' };
  }
}

function withoutDot(name: string): RawPath {
  return (name.startsWith('./') ? name.slice(2) : name) as RawPath;
}
