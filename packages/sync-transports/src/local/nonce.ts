import { randomBytes } from 'node:crypto';

/** 32 hexadecimal digits that nobody else has. */
export function newNonce(): string {
  return randomBytes(16).toString('hex');
}
