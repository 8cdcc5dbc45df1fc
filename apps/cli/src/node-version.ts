/** The oldest version of each line that works; see `engines` in package.json. */
const OLDEST: Readonly<Record<number, number>> = { 22: 18, 24: 11 };

/** Whether this version of Node can run the program: `^22.18 || ^24.11 || >=26`. */
export function isNodeSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major >= 26 || minor >= (OLDEST[major] ?? Number.POSITIVE_INFINITY);
}

/** Ends the program with a sentence instead of a syntax error. */
export function refuseOldNode(version: string): void {
  if (isNodeSupported(version)) return;
  process.stderr.write(`longhaul: Node ${version} is too old for longhaul\nhint: install Node 24 (or 22.18 and newer of 22): https://nodejs.org\n`);
  process.exit(5);
}
