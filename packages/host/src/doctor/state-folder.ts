import type { DoctorRow, Fact } from './doctor-row.ts';
import { fine, problem, unknownRow, warning } from './doctor-row.ts';

/** The state directory, or the nearest folder above it that is there. */
export interface StateFolderFact {
  readonly path: string;
  /** False: the first start will make it. */
  readonly exists: boolean;
  readonly isDirectory: boolean;
  readonly owner: number;
  /** Permission bits. */
  readonly mode: number;
  /** Whether this process may write there. */
  readonly writable: boolean;
  /** Name of the file system's kind; null where nobody knows the number. */
  readonly fileSystem: string | null;
  /** Whether other machines may use it at the same time. */
  readonly isNetwork: boolean;
  /** Bytes that this user may still write. */
  readonly freeBytes: number;
  /** Files that may still be made; null where the file system has no such limit. */
  readonly freeFiles: number | null;
}

const LITTLE_SPACE = 1_000_000_000;
const NO_SPACE = 50_000_000;
const LITTLE_FILES = 10_000;
const ELSEWHERE = 'export LONGHAUL_STATE_DIR=/a/folder/on/a/local/disk';

export function stateFolderRows(fact: Fact<StateFolderFact>, uid: number): readonly DoctorRow[] {
  if (!fact.known) return [unknownRow('state-directory', fact, ELSEWHERE)];
  const { value } = fact;
  return [accessRow(value, uid), fileSystemRow(value), spaceRow(value)];
}

function accessRow({ path, exists, isDirectory, owner, mode, writable }: StateFolderFact, uid: number): DoctorRow {
  const check = 'state-directory';
  if (!isDirectory) return problem(check, `${path} is no directory`, ELSEWHERE);
  if (!exists) return writable ? fine(check, `${path} will be made by the first start`) : problem(check, `${path} is not there and cannot be made`, ELSEWHERE);
  if (uid !== -1 && owner !== uid) return problem(check, `${path} belongs to another user (uid ${String(owner)})`, ELSEWHERE);
  if (!writable) return problem(check, `${path} cannot be written: the disk is read-only, or its mode ${octal(mode)} forbids it`, `chmod u+rwx ${quoted(path)}`);
  if ((mode & 0o077) !== 0) return warning(check, `${path} is open to others (mode ${octal(mode)}): logs and environments lie there`, `chmod 700 ${quoted(path)}`);
  return fine(check, `${path}, mode ${octal(mode)}`);
}

function fileSystemRow({ fileSystem, isNetwork }: StateFolderFact): DoctorRow {
  const check = 'state-file-system';
  if (fileSystem === null) return { check, state: 'unknown', found: 'its kind is not known', fix: null };
  if (!isNetwork) return fine(check, fileSystem);
  return problem(check, `${fileSystem}: the sync queue refuses a network file system, and claims of names are not safe between machines there`, ELSEWHERE);
}

function spaceRow({ freeBytes, freeFiles, path }: StateFolderFact): DoctorRow {
  const check = 'state-space';
  const found = `${gigabytes(freeBytes)} free${freeFiles === null ? '' : `, ${String(freeFiles)} files`}`;
  const fix = `free some space on the disk of ${path}; retention in longhaul.yaml drops old runs: retention: { maxAge: 30d }`;
  if (freeBytes < NO_SPACE) return problem(check, `${found}: the next log will fill it`, fix);
  if (freeBytes < LITTLE_SPACE) return warning(check, found, fix);
  if (freeFiles !== null && freeFiles < LITTLE_FILES) return warning(check, `${found}: a run needs about fifteen`, fix);
  return fine(check, found);
}

/** Numbers of statfs(2) on Linux that say which file system it is. */
const KINDS: Readonly<Record<number, { readonly name: string; readonly network?: 'yes' }>> = {
  0x6969: { name: 'nfs', network: 'yes' },
  0xff534d42: { name: 'cifs', network: 'yes' },
  0xfe534d42: { name: 'smb2', network: 'yes' },
  0x517b: { name: 'smb', network: 'yes' },
  0x01021997: { name: '9p', network: 'yes' },
  0x5346414f: { name: 'afs', network: 'yes' },
  0x00c36400: { name: 'ceph', network: 'yes' },
  0x0bd00bd0: { name: 'lustre', network: 'yes' },
  0x47504653: { name: 'gpfs', network: 'yes' },
  0x19830326: { name: 'beegfs', network: 'yes' },
  0x73757245: { name: 'coda', network: 'yes' },
  // sshfs and others: whether a network is behind it cannot be seen.
  0x65735546: { name: 'fuse' },
  0xef53: { name: 'ext4' },
  0x58465342: { name: 'xfs' },
  0x9123683e: { name: 'btrfs' },
  0x2fc12fc1: { name: 'zfs' },
  0x01021994: { name: 'tmpfs' },
  0x794c7630: { name: 'overlay' },
  0xf2f52010: { name: 'f2fs' },
  0xca451a4e: { name: 'bcachefs' },
  0x5346544e: { name: 'ntfs' },
};

/** What kind of file system a number of statfs(2) names. */
export function fileSystemOf(type: number): Pick<StateFolderFact, 'fileSystem' | 'isNetwork'> {
  const kind = KINDS[type >>> 0];
  return { fileSystem: kind?.name ?? null, isNetwork: kind?.network === 'yes' };
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
}
