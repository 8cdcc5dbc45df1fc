import { readlinkSync } from 'node:fs';

import { bootId } from '@longhaul/exec';

/**
 * Which boot, and which PID namespace of it: whoever reads a pid must be in the same one, or it is another process's number. A container that
 * mounts the state directory has the same boot, and pids of its own. Kept in the `bootId` of every record that names a process.
 */
export function currentPlace(): string {
  const namespace = pidNamespace();
  return namespace === null ? bootId() : `${bootId()}${SEPARATOR}${namespace}`;
}

/** How a recorded place stands to the one that is asked from. */
export type PlaceRelation = 'same' | 'other namespace' | 'other boot';

/** A place without a namespace is of a system that has none, or of an earlier version: then only the boot tells. Pure. */
export function comparePlaces(recorded: string, own: string): PlaceRelation {
  if (recorded === own) return 'same';
  const [recordedBoot, recordedNamespace] = recorded.split(SEPARATOR);
  const [ownBoot, ownNamespace] = own.split(SEPARATOR);
  if (recordedBoot !== ownBoot) return 'other boot';
  return recordedNamespace === undefined || ownNamespace === undefined || recordedNamespace === ownNamespace ? 'same' : 'other namespace';
}

/** In no boot id, and harmless in JSON, in sh and in the text of a claim. */
const SEPARATOR = '.pidns-';

let known: { readonly namespace: string | null } | undefined;

function pidNamespace(): string | null {
  return (known ??= { namespace: readNamespace() }).namespace;
}

/** pid_namespaces(7): the link of each namespace has a number that no other one of this boot has. */
function readNamespace(): string | null {
  try {
    return /^pid:\[(\d+)\]$/.exec(readlinkSync('/proc/self/ns/pid'))?.[1] ?? null;
  } catch {
    // No /proc, or a kernel without namespaces: there is one for all.
    return null;
  }
}
