import { randomBytes } from 'node:crypto';

/** Names something that exists for a moment only. 32 hexadecimal digits. */
export function newNonce(): string {
  return randomBytes(16).toString('hex');
}
