import { randomBytes } from 'node:crypto';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new id: ten characters of time in milliseconds, sixteen at random (Crockford's alphabet). Sorts by time; safe as a file name. */
export function newSealId(now: number, random: (bytes: number) => Uint8Array = randomBytes): string {
  const time = Array.from({ length: 10 }, (_, place) => DIGITS[Math.floor(now / 32 ** (9 - place)) % 32]);
  const chance = Array.from(random(16), (byte) => DIGITS[byte % 32]);
  return [...time, ...chance].join('');
}
