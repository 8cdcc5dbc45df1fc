import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { ProbeOptions, ProbeReport } from '../transport.ts';
import { newNonce } from './placement-values.ts';
import type { RemoteFacts } from './remote-facts.ts';
import { MEASURED_BYTES } from './remote-facts.ts';
import type { RemoteHost } from './remote-host.ts';
import { PROBE_SCRIPT } from './scripts/look-script.ts';

/** Logs in anew, writes and deletes a small file, and says what is there. Never throws for a destination that does not answer. */
export async function probe(host: RemoteHost, { touch = 'test_write', signal }: ProbeOptions = {}): Promise<ProbeReport> {
  try {
    const [, free = '', total = '', ...versions] = await host.callDirectly({ doing: touch === 'nothing' ? 'a look' : 'the test write', scripts: [PROBE_SCRIPT], values: { nonce: newNonce(), touch }, signal });
    return report(host, { freeBytes: fromKib(free), totalBytes: fromKib(total), versions });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return { ...NOT_REACHED, reachable: !OUT_OF_REACH.includes(error.errorKind), errorKind: error.errorKind ?? TransportErrorKind.CONFIG, evidence: error.message, hint: error.hint };
  }
}

const NOT_REACHED: ProbeReport = { reachable: false, errorKind: null, evidence: null, hint: null, freeBytes: null, totalBytes: null, hash: 'sha256', tools: [] };
/** With these nobody has logged in. */
const OUT_OF_REACH: readonly (TransportErrorKind | null)[] = [TransportErrorKind.NETWORK, TransportErrorKind.AUTH, TransportErrorKind.HOST_KEY, TransportErrorKind.INTERRUPTED, null];

function report({ facts, destination }: RemoteHost, { freeBytes, totalBytes, versions }: Pick<ProbeReport, 'freeBytes' | 'totalBytes'> & { readonly versions: readonly string[] }): ProbeReport {
  const { target } = destination;
  const tools = [...versions.filter((version) => version !== ''), ...speeds(facts)];
  const good: ProbeReport = { reachable: true, errorKind: null, evidence: null, hint: null, freeBytes, totalBytes, hash: 'sha256', tools };
  if (facts?.rsync == null) return { ...good, errorKind: TransportErrorKind.CONFIG, evidence: `rsync is missing at ${target}`, hint: 'Install it there: sudo apt-get install rsync (or that system\'s way)' };
  if (facts.hasher === null) return { ...good, hash: 'size', errorKind: TransportErrorKind.CONFIG, evidence: `${target} has no program for SHA-256`, hint: 'Install coreutils (sha256sum) or openssl there' };
  return good;
}

/** What df says; empty where it says nothing we know. */
function fromKib(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) * 1024 : null;
}

function speeds(facts: RemoteFacts | null): readonly string[] {
  return [...(facts?.hashTimes ?? [])].map(([hasher, ns]) => `${hasher.split(' ')[0] ?? hasher}: ${ns === 0 ? '?' : String(Math.round((MEASURED_BYTES * 1e9) / ns / 1024 / 1024))} MiB/s`);
}
