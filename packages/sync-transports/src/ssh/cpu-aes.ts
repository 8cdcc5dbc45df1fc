import { readFileSync } from 'node:fs';

/** Whether this machine encrypts AES in hardware; then aes128-gcm halves the cost of a push against ssh's default (measured). */
export function hasAesHardware(): boolean {
  // Every Mac that runs a supported Node has it.
  if (process.platform === 'darwin') return true;
  try {
    return saysAes(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    // No such file here: ssh's own choice of cipher stands.
    return false;
  }
}

/** `flags` on x86, `Features` on ARM. */
export function saysAes(cpuinfo: string): boolean {
  return /^(?:flags|Features)\s*:.*\baes\b/m.test(cpuinfo);
}
