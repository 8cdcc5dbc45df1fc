import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { chained } from '../chain/chained.ts';
import { parseReceipt } from '../manifest/receipt-codec.ts';
import { linkPath } from '../protocol/layout.ts';
import { keptText, publishedWith } from '../protocol/kept-name.ts';
import { metadataFiles } from '../protocol/metadata-files.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { PublishOutcome, PublishRequest } from '../transport.ts';
import { parseRefusal } from './claim-refusal.ts';
import { parentsOf, placementValues, receiptLine } from './placement-values.ts';
import { receiptHead } from './receipts.ts';
import type { RemoteHost } from './remote-host.ts';
import { CLAIM_SCRIPT } from './scripts/claim-script.ts';
import { CLEAR_SCRIPT } from './scripts/clear-script.ts';
import { PUBLISH_SCRIPT } from './scripts/publish-script.ts';

/** So many times somebody else may have taken the next link of the chain. */
const LINK_TRIES = 50;

/** One remote script, replayable at each step (PROTOCOL.md). It is not aborted once it runs: it is short, and half of it is no use. */
export async function publish(host: RemoteHost, request: PublishRequest): Promise<PublishOutcome> {
  const { placement, receipt, signal } = request;
  for (let tries = 0; tries < LINK_TRIES; tries += 1) {
    if (signal?.aborted === true) throw new TransportError('publishing was interrupted', { errorKind: TransportErrorKind.INTERRUPTED, cause: signal.reason });
    const chainedReceipt = chained(receipt, await receiptHead(host, signal), placement.finalName);
    const fields = await publishOnce(host, { ...request, receipt: chainedReceipt });
    if (fields[0] !== 'overtaken') return outcomeOf(fields, placement.finalName);
  }
  throw new TransportError('other results were published again and again in the same moment', { errorKind: TransportErrorKind.NETWORK, hint: 'It is tried again by itself' });
}

async function publishOnce(host: RemoteHost, { placement, seal, receipt }: PublishRequest): Promise<readonly string[]> {
  const files = metadataFiles(seal, receipt);
  return host.call({
    doing: 'publishing',
    // It may be running there all the same; a second one would meet its lock.
    onLostShell: 'fail',
    scripts: [CLAIM_SCRIPT, CLEAR_SCRIPT, PUBLISH_SCRIPT],
    values: {
      ...placementValues(placement),
      sizes: files.map(({ name, content }) => `${name}:${String(content.length)}`).join(' '),
      generation: String(receipt.generation),
      source_line: receiptLine('sourceId', receipt.sourceId),
      seal_line: receiptLine('sealId', receipt.sealId),
      L: linkPath(receipt.chain?.sequence ?? 0),
    },
    parents: parentsOf(placement.finalName),
    input: Buffer.concat(files.map(({ content }) => content)),
  });
}

function outcomeOf(fields: readonly string[], finalName: RawPath): PublishOutcome {
  const [word, what = '', more = ''] = fields;
  if (word === 'published') return publishedWith([keptText(linesOf(more)), what.trim()]);
  const refusal = parseRefusal(fields);
  if (refusal !== null) return refusal;
  if (word === 'conflict') return conflict(what, { more, finalName });
  throw new TransportError(`publishing ended with ${JSON.stringify(word ?? 'nothing')}`, { errorKind: TransportErrorKind.UNKNOWN });
}

/** Places at the destination, each on a line. */
function linesOf(text: string): readonly RawPath[] {
  return text.split('\n').filter((line) => line !== '').map((line) => line.replace(/^\.\//, '') as RawPath);
}

function conflict(what: string, { more, finalName }: { readonly more: string; readonly finalName: RawPath }): PublishOutcome {
  const place = displayPath(finalName);
  const parent = displayPath(more.replace(/^\.\//, '') as RawPath);
  switch (what) {
    case 'receipt':
      return foreignResult(more);
    case 'no-folder':
      return { kind: 'conflict', holder: null, evidence: `nothing can be put at ${place}: ${parent} is no folder` };
    case 'result':
      return { kind: 'conflict', holder: null, evidence: `nothing can be put at ${place}: ${parent} is a result itself` };
    case 'damaged':
      return { kind: 'conflict', holder: null, evidence: 'the receipt at the final name cannot be read' };
    case 'race':
      return { kind: 'conflict', holder: null, evidence: 'something was put at the final name in the very moment it was free' };
    default:
      return { kind: 'conflict', holder: null, evidence: 'something without a receipt lies at the final name' };
  }
}

function foreignResult(text: string): PublishOutcome {
  const parsed = parseReceipt(Buffer.from(text, 'latin1'));
  if (parsed.kind === 'damaged') return { kind: 'conflict', holder: null, evidence: `the receipt at the final name cannot be read: ${parsed.evidence}` };
  const { receipt } = parsed;
  return { kind: 'conflict', holder: receipt, evidence: `the final name holds the result of ${receipt.source} from ${receipt.host}` };
}
