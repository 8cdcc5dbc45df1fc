import { createHash, randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TreeEntry } from './write-tree.ts';

/** `count` files of `size` bytes (20,000 × 4 KiB as it stands), 100 to a folder, each with content of its own. */
export function smallFiles({ count = 20_000, size = 4096 }: { readonly count?: number; readonly size?: number } = {}): readonly TreeEntry[] {
  const block = randomFillSync(Buffer.alloc(size));
  return Array.from({ length: count }, (_, index) => {
    const content = Buffer.from(block);
    if (size >= 4) content.writeUInt32BE(index);
    return { path: `d${String(Math.floor(index / 100)).padStart(4, '0')}/f${String(index % 100).padStart(2, '0')}.dat`, file: content };
  });
}

/** Names that tools get wrong: newline, backslash, quotes, comment signs, dashes, blanks, bytes that are no UTF-8, 255 bytes. */
export const ODD_NAMES: readonly Buffer[] = [
  ...[
    'new\nline', '\nleading newline', 'trailing newline\n', 'two\n\nlines', 'carriage\rreturn', 'tab\there', 'back\\slash', '\\leading', 'trailing\\', '\\n', '\\056',
    "single'quote", 'double"quote', 'back`tick', '$HOME', '$(touch pwned)', '`touch pwned`', ';semicolon', '#hash', '#', ';', '-', '-rf', '--delete', '-e sh', '*', '?', '[a-z]', '{a,b}',
    ' leading blank', 'trailing blank ', '   ', 'a  b', '&', '|', '<', '>', '(', ')', '!', '~', '~root', '%s', '%n', '=', '@', ':', 'host:path', 'a:b', ',', '+', '^',
    '...', '.hidden', '..hidden', 'é', 'e\u0301', '日本語', '😀', 'a😀b', '\u202ertl', '\u00a0', '\ufeffbom', '\u007f', '\u0001', '\u001b[31m', 'CON', 'nul', 'x'.repeat(255), `${'é'.repeat(127)}x`,
  ].map((name) => Buffer.from(name)),
  Buffer.from([0xff]),
  Buffer.from([0xfe, 0x0a, 0xff]),
  Buffer.from([0x61, 0xe9, 0x62]),
  Buffer.from([0xc3, 0x28]),
  Buffer.from([0x80, 0x5c, 0x6e]),
  Buffer.alloc(255, 0xe9),
];

/** One small file under each odd name, and an odd folder and an odd symlink for good measure. */
export function oddTree(): readonly TreeEntry[] {
  return [
    ...ODD_NAMES.map((name, index): TreeEntry => ({ path: name, file: `content ${String(index)}\n` })),
    { path: 'odd\nfolder\\/in it', file: 'below an odd folder\n' },
    { path: Buffer.from('bytes\xfffolder/\xfe', 'latin1'), file: 'below a folder whose name is no UTF-8\n' },
    { path: 'odd link\n', symlink: 'no\nsuch\\target' },
    { path: '#empty folder;', dir: true },
  ];
}

/** A file of `size` random bytes; gives its SHA-256, 64 hexadecimal digits. */
export function writeRandomFile(path: string, size: number): string {
  mkdirSync(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  const file = openSync(path, 'w');
  try {
    for (let left = size; left > 0;) {
      const block = randomFillSync(Buffer.allocUnsafe(Math.min(left, 1 << 20)));
      writeSync(file, block);
      hash.update(block);
      left -= block.length;
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
