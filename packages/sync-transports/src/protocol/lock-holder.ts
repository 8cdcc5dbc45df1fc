/** Who holds the lock of a final name: the text of its `holder` file (PROTOCOL.md). */
export interface LockHolder {
  readonly host: string;
  readonly job: string;
  readonly epoch: number;
  readonly nonce: string;
  /** Host name, for people. */
  readonly name: string;
}

const FIRST_LINE = 'longhaul-lock 1';

export function printLockHolder({ host, job, epoch, nonce, name }: LockHolder): string {
  const plainName = name.replace(/[^\x20-\x7e]/g, '?');
  return `${FIRST_LINE}\nhost ${host}\njob ${job}\nepoch ${epoch}\nnonce ${nonce}\nname ${plainName}\n`;
}

/** null for a text that is not one of ours: such a lock is nobody's to break. */
export function parseLockHolder(text: string): LockHolder | null {
  const [first, ...lines] = text.split('\n');
  if (first !== FIRST_LINE) return null;
  const fields = new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
  const [host, job, epoch, nonce, name = ''] = ['host', 'job', 'epoch', 'nonce', 'name'].map((key) => fields.get(key));
  if (host === undefined || job === undefined || nonce === undefined || !/^(?:0|[1-9][0-9]{0,15})$/.test(epoch ?? '')) return null;
  return { host, job, epoch: Number(epoch), nonce, name };
}
