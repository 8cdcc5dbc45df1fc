import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { parseReceipt } from '../manifest/receipt-codec.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { Transport } from '../transport.ts';
import { finalPath, parentsOf } from './placement-values.ts';
import type { RemoteHost } from './remote-host.ts';
import { RECEIPT_SCRIPT } from './scripts/publish-script.ts';

type FoundReceipt = Awaited<ReturnType<Transport['readReceipt']>>;

/** What lies at a final name. @throws TransportError of kind config for a receipt that cannot be read */
export async function readReceipt(host: RemoteHost, { finalName, signal }: { readonly finalName: RawPath; readonly signal?: AbortSignal }): Promise<FoundReceipt> {
  const [word, text = ''] = await host.call({ doing: 'reading the receipt', scripts: [RECEIPT_SCRIPT], values: { F: finalPath(finalName) }, parents: parentsOf(finalName), signal });
  if (word === 'none' || word === 'foreign') return { kind: word };
  const parsed = parseReceipt(Buffer.from(text, 'latin1'));
  if (parsed.kind === 'receipt') return parsed;
  throw new TransportError(`the receipt of ${displayPath(finalName)} cannot be read: ${parsed.evidence}`, {
    errorKind: TransportErrorKind.CONFIG,
    hint: 'Look at the result; if it is of no use, move it away and push again',
  });
}
