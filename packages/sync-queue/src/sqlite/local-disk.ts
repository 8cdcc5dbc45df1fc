import { readFile, statfs } from 'node:fs/promises';
import { QueueStoreError } from '@longhaul/errors';

/** `f_type` of statfs(2): file systems where other machines may write too, or shared memory is not shared. WAL needs a local disk. */
const NETWORK_MAGIC: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01021997, '9P'],
  [0xaad7aaea, 'PanFS'],
  [0x013111a8, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x564c, 'NCP'],
]);

/** Everything in user space has one number; the mount table says which it is. */
const FUSE_MAGIC = 0x65735546;
const NETWORK_FUSE = /^fuse\.(?:sshfs|rclone|s3fs|gcsfuse|goofys|glusterfs|ceph|davfs|curlftpfs|juicefs|mfs|moosefs|weed)/;

/** Where the facts come from; tests give their own. */
export interface FileSystemPorts {
  readonly typeOf: (folder: string) => Promise<number>;
  readonly mounts: () => Promise<string>;
}

const SYSTEM: FileSystemPorts = {
  typeOf: async (folder) => (await statfs(folder)).type,
  // Where there is no mount table (macOS), there is no such magic either.
  mounts: async () => readFile('/proc/self/mounts', 'utf8').catch(() => ''),
};

/** @throws QueueStoreError when `folder` lies on a network file system (design §5.5). */
export async function assertLocalDisk(folder: string, ports: FileSystemPorts = SYSTEM): Promise<void> {
  const name = await networkFileSystem(folder, ports);
  if (name === null) return;
  throw new QueueStoreError(`the queue cannot lie in ${folder}: that is ${name}, a network file system, where SQLite's locks do not hold`, {
    problem: 'network_file_system',
    path: folder,
    hint: 'Put the state on a local disk: set LONGHAUL_STATE_DIR',
  });
}

async function networkFileSystem(folder: string, { typeOf, mounts }: FileSystemPorts): Promise<string | null> {
  const type = (await typeOf(folder)) >>> 0;
  if (type === FUSE_MAGIC) return networkFuse(folder, await mounts());
  return NETWORK_MAGIC.get(type) ?? null;
}

function networkFuse(folder: string, mounts: string): string | null {
  const rows = mounts.split('\n').map((line) => line.split(' '));
  const holding = rows.filter(([, point = '']) => `${folder}/`.startsWith(point === '/' ? '/' : `${point}/`));
  // The longest mount point above the folder is the one that it lies on.
  const nearest = holding.sort((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0))[0];
  const type = nearest?.[2] ?? '';
  return NETWORK_FUSE.test(type) ? type : null;
}
