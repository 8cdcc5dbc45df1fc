/** For texts: `1 file`, `2 files`. `nouns`: what more than one are called, where an s does not do. */
export function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${String(number)} ${number === 1 ? noun : nouns}`;
}
