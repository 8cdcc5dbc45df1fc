import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { processInfo } from '@longhaul/exec';
import type { RawPath } from '../raw-path.ts';

/** What is this old was left by somebody who does not come back, whoever it was (PROTOCOL.md, "Scraps"). Milliseconds. */
export const SCRAP_AGE_MS: number = 7 * 24 * 60 * 60 * 1000;

const SCRAP = /^\.(?:new|gone|probe|names|link)\.[^.]+(?:\.(?<place>[0-9a-f-]+\.\d+)\.(?<pid>\d+)\.(?<since>\d+))?(?:\.new)?$/;

/**
 * The end of the name of something that exists for a moment only: 32 hexadecimal digits that nobody else has and, where the system tells,
 * which process of which boot of which machine makes it.
 */
export function newScrapMark(): string {
  const nonce = randomBytes(16).toString('hex');
  const place = makerPlace();
  const since = place === null ? undefined : processInfo(process.pid)?.startTime;
  return place === null || since === undefined || !/^\d+$/.test(since) ? nonce : `${nonce}.${place}.${String(process.pid)}.${since}`;
}

/**
 * Whether a name in the incoming folder is such a thing, and whether its maker has ended: `unknown` for another machine, another
 * boot, or a maker that did not say. null: something else.
 */
export function scrapMaker(name: RawPath): 'ended' | 'alive' | 'unknown' | null {
  const found = SCRAP.exec(name);
  if (found === null) return null;
  const { place, pid, since } = found.groups ?? {};
  if (place === undefined || place !== makerPlace()) return 'unknown';
  const info = processInfo(Number(pid));
  return info !== null && info.state !== 'zombie' && info.startTime === since ? 'alive' : 'ended';
}

let known: string | null | undefined;

/** The boot of this machine, and within it the numbers of processes that are seen from here: a container counts its own. */
function makerPlace(): string | null {
  return (known ??= readMakerPlace());
}

function readMakerPlace(): string | null {
  try {
    const space = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
    return space === undefined ? null : `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}.${space}`;
  } catch {
    // No Linux, or no /proc: its age alone tells then.
    return null;
  }
}
