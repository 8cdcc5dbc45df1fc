import type { RemoteAccount, RemoteFacts } from '../remote-facts.ts';
import type { Carried } from '../rsync-arguments.ts';
import { carriedBy } from '../rsync-arguments.ts';
import type { PushedContent } from '../pushed-content.ts';
import type { SealListing } from '../../seal.ts';
import type { LocalTools } from './local-tools.ts';

const MANY_LINKS = 1_000;

/** A group of this machine. */
export interface LocalGroup {
  readonly id: number;
  /** null: it has none. */
  readonly name: string | null;
}

/**
 * Whether one stream of tar brings the same as rsync: a first push, unhurried, of plain files, between two GNU tars. rsync remains for everything else: a
 * part that is there already, an earlier generation to link to, a limit, holes, hard links, and groups that it would hand on. Where nobody tells what is
 * needed to know that, it is not streamable.
 */
export async function isStreamable(content: PushedContent, { facts, tools }: { readonly facts: RemoteFacts | null; readonly tools: LocalTools }): Promise<boolean> {
  const { listing } = content;
  const { groups } = listing;
  if (groups === undefined || !mayStream(content)) return false;
  if (facts === null || !facts.hasGnuTar || facts.rsync === null || !isPlain(carriedBy(listing.entries)) || hasManyLinksOut(listing) || !(await tools.areThere())) return false;
  if (facts.account.isRoot) return true;
  const known = await tools.groups(groups);
  return known !== null && known.every((group) => isNeutralGroup(group, facts.account));
}

/** What can be said before the other side is asked. */
export function mayStream({ listing: { groups }, repeat, bandwidth }: PushedContent): boolean {
  return groups !== undefined && repeat === undefined && bandwidth === undefined;
}

/**
 * tar first makes a file of each symlink that leads up or out of the tree, and the links at its end, without a word about how far it is: 20,000 of them took it twice as
 * long as rsync (measured). For a few it makes no difference.
 */
function hasManyLinksOut({ entries }: SealListing): boolean {
  const out = entries.filter((entry) => entry.type === 'symlink' && (entry.target.startsWith('/') || entry.target.split('/').includes('..')));
  return out.length > MANY_LINKS;
}

function isPlain({ holes, hardLinks }: Carried): boolean {
  return holes === 'none' && hardLinks === 'none';
}

/**
 * Whether files of this group come out alike: an account that is not root gives a file away to the groups that it is in itself, by name, else by number. rsync
 * does that, tar does not.
 */
export function isNeutralGroup({ id, name }: LocalGroup, account: RemoteAccount): boolean {
  if (account.isRoot || (name !== null && name === account.group)) return true;
  const isThere = (list: string, word: string): boolean => ` ${list} `.includes(` ${word} `);
  return !isThere(account.groupIds, String(id)) && (name === null || !isThere(account.groups, name));
}
