const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_CHARACTERS = 10;
const RANDOM_CHARACTERS = 16;

/** A new id of a job: 26 characters that sort by time (48 bits of milliseconds, 80 random bits), fit for a folder's name. */
export function newJobId(now: number, random: () => number = Math.random): string {
  let time = '';
  for (let rest = Math.max(0, Math.floor(now)); time.length < TIME_CHARACTERS; rest = Math.floor(rest / 32)) time = letter(rest % 32) + time;
  const entropy = Array.from({ length: RANDOM_CHARACTERS }, () => letter(Math.floor(random() * 32)));
  return time + entropy.join('');
}

function letter(value: number): string {
  return ALPHABET.charAt(value);
}
