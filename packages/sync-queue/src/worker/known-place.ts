import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { ProbeOptions, ProbeReport, RawPath, Receipt, Transport } from '@longhaul/sync-transports';
import type { Clock } from '../clock.ts';
import type { KnownPlace } from '../destination-status.ts';
import type { QueueStore } from '../queue-store.ts';
import type { Destination, DestinationSource } from './worker-ports.ts';

/** A place on another machine that was found to be the known one counts as that for so long. Milliseconds. */
const COUNTS_MS = 3_000;
/** So many proven results are looked for before a place is taken for another one. */
const LOOKED_FOR = 5;
const MARK = 'unfamiliar';

interface Ports {
  readonly store: Pick<QueueStore, 'knownPlace' | 'rememberPlace'>;
  readonly clock: Clock;
}

/**
 * Destinations that are used only while they are the place where results were proven before. A disk or share that is not mounted leaves an
 * empty folder under the same path, a bucket can be another one by the same name: what is sent there would be called safe, and what is missing
 * there, damaged; so would be what another disk of ours under the same path gets. A place is known by the first link of its chain of receipts, which is remembered, or by
 * what was proven there; where it is neither, every call fails with kind `config` before anything is written. A copy of the whole disk is taken for it.
 */
export function knownPlaces(source: DestinationSource, ports: Ports): DestinationSource {
  const seen = new Map<string, { readonly transport: Transport; readonly at: number }>();
  return async (name) => {
    const destination = await source(name);
    if (destination === null) return null;
    const { transport } = destination;
    const assertKnown = async (signal?: AbortSignal): Promise<void> => {
      const last = seen.get(name);
      // Here it costs next to nothing to look each time.
      if (transport.kind !== 'local' && last?.transport === transport && ports.clock.monotonic() - last.at < COUNTS_MS) return;
      await assertPlace({ name, transport, signal, ...ports });
      seen.set(name, { transport, at: ports.clock.monotonic() });
    };
    return { ...destination, transport: guarded(transport, assertKnown) } satisfies Destination;
  };
}

/** Whether an error is that of a place where nothing of what was proven is found. */
export function isUnfamiliar(error: unknown): error is TransportError {
  return error instanceof TransportError && error.context['place'] === MARK;
}

interface Place extends Ports {
  readonly name: string;
  readonly transport: Transport;
  readonly signal: AbortSignal | undefined;
}

async function assertPlace(place: Place): Promise<void> {
  const { name, transport, store, signal } = place;
  const { place: known, proven } = await store.knownPlace(name, { limit: LOOKED_FOR });
  if (proven.length === 0) return;
  const head = await transport.receiptHead?.(signal === undefined ? {} : { signal });
  const here = head?.kind === 'link' ? head.place : null;
  // Whoever has published there has left a link. The first one that is seen is believed, as long as nothing else is known.
  const isKnown = head?.kind === 'link' && (known === null || here === known);
  const strange = here !== null && !isKnown;
  if (!isKnown && !(await holdsAny(place, { proven, strange }))) throw unfamiliar(name, strange ? 'another disk or share of yours lies there' : 'is its disk or share mounted, and is it the right one?');
  if (here !== null && here !== known) await store.rememberPlace(name, here);
}

function unfamiliar(name: string, what: string): TransportError {
  return new TransportError(`nothing that was proven at ${name} is there any more: ${what}`, {
    errorKind: TransportErrorKind.CONFIG,
    hint: `Mount the right one, or correct where ${name} lies; it goes on by itself then. Only if it was emptied or replaced on purpose: longhaul sync destinations renew ${name}`,
    context: { place: MARK },
  });
}

interface Proven {
  readonly proven: KnownPlace['proven'];
  /** The chain there is another one than was remembered: only what these very jobs have published counts. */
  readonly strange: boolean;
}

async function holdsAny(place: Place, { proven, strange }: Proven): Promise<boolean> {
  for (const { jobId, finalName } of proven) {
    place.signal?.throwIfAborted();
    const found = await receiptAt(place, finalName);
    if (found === 'unreadable' ? !strange : found !== null && (!strange || found.jobId === jobId)) return true;
  }
  return false;
}

/** null: none. */
async function receiptAt({ transport, signal }: Place, finalName: RawPath): Promise<Receipt | 'unreadable' | null> {
  try {
    const found = await transport.readReceipt({ finalName, ...(signal === undefined ? {} : { signal }) });
    return found.kind === 'receipt' ? found.receipt : null;
  } catch (error) {
    // One that cannot be read is one, too.
    if (error instanceof TransportError && error.errorKind === TransportErrorKind.CONFIG) return 'unreadable';
    throw error;
  }
}

/** The transport, asking before everything that writes there, or that says what is missing there. */
function guarded(transport: Transport, assertKnown: (signal?: AbortSignal) => Promise<void>): Transport {
  const after = async <T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> => {
    await assertKnown(signal);
    return act();
  };
  const pushListing = transport.pushListing?.bind(transport);
  const methods: Partial<Transport> = {
    probe: async (options) => probed(transport, { options, assertKnown }),
    checkNames: async (seal) => after(undefined, async () => transport.checkNames(seal)),
    push: async (request) => after(request.signal, async () => transport.push(request)),
    ...(pushListing === undefined ? {} : { pushListing: async (request) => after(request.signal, async () => pushListing(request)) }),
    hashsum: async (request) => after(request.signal, async () => transport.hashsum(request)),
    prune: async (request) => after(request.signal, async () => transport.prune(request)),
    publish: async (request) => after(request.signal, async () => transport.publish(request)),
    readReceipt: async (request) => after(request.signal, async () => transport.readReceipt(request)),
    remove: async (request) => after(request.signal, async () => transport.remove(request)),
  };
  // All else, also what a transport may leave out, is the transport's own.
  return new Proxy(transport, {
    get: (object, name) => {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const member: unknown = Reflect.get(object, name, object);
      return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(object) : member;
    },
  });
}

/** A place that is not the known one answers, and is of no use. What else goes wrong is told by the probe itself. */
async function probed(transport: Transport, { options, assertKnown }: { readonly options: ProbeOptions | undefined; readonly assertKnown: (signal?: AbortSignal) => Promise<void> }): Promise<ProbeReport> {
  try {
    await assertKnown(options?.signal);
  } catch (error) {
    if (isUnfamiliar(error)) return { reachable: true, errorKind: TransportErrorKind.CONFIG, evidence: error.message, hint: error.hint, freeBytes: null, totalBytes: null, hash: 'size', tools: [] };
    if (!(error instanceof TransportError)) throw error;
  }
  return transport.probe(options);
}
