/** The first version number in a text, as numbers: `tmux 3.3a` is [3, 3]. null where there is none. */
export function versionIn(text: string): readonly number[] | null {
  const [, version] = /(\d+(?:\.\d+)+)/.exec(text) ?? [];
  return version === undefined ? null : version.split('.').map(Number);
}

/** Whether `version` is at least `floor`; parts that are missing count as 0. */
export function isAtLeast(version: readonly number[], floor: readonly number[]): boolean {
  for (const [index, least] of floor.entries()) {
    const part = version[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
