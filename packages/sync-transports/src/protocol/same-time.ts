const NS_PER_TICK = 10_000_000n;
const COARSEST_NS = 2_000_000_000n;
/** utimes takes a double: it is off by a quarter of a microsecond at most. */
const ROUNDING_NS = 1000n;

/** Whether a sealed file's time can be what a destination shows. File systems keep times to a nanosecond, to 10 ms (exFAT) or to 2 s (FAT), and round down. */
export function isSameTime(there: bigint, sealed: bigint): boolean {
  const behind = sealed - there;
  if (behind < ROUNDING_NS && behind > -ROUNDING_NS) return true;
  return there % NS_PER_TICK === 0n && behind >= 0n && behind < COARSEST_NS;
}
