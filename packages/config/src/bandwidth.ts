/** A megabit is a million bits, a byte has eight of them (design §5.7). */
const BYTES_PER_MEGABIT = 1_000_000 / 8;

/** Megabits per second as bytes per second: 50 Mbit/s are 6250000 bytes/s. Never below one byte, which would mean "no limit" to some tools. */
export function bytesPerSecond(megabitsPerSecond: number): number {
  return Math.max(1, Math.round(megabitsPerSecond * BYTES_PER_MEGABIT));
}
