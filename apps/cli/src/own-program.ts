/** How this very program is called, for what the launcher runs later: the same Node, the same file, the same conditions. */
export function ownProgram(): readonly string[] {
  const script = process.argv[1];
  return [process.execPath, ...process.execArgv, ...(script === undefined ? [] : [script])];
}
