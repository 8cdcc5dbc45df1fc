import type { ContainerInfo } from './container-info.ts';

/** The answer of `inspect` of either engine: one container per element, nonsense left out. Never throws. */
export function parseInspect(stdout: string): readonly ContainerInfo[] {
  void stdout;
  throw new Error('not written yet');
}

/** The answer of `ps` of either engine, as {@link psArgs} asks for it. Never throws; null where it is not JSON at all. */
export function parseListing(stdout: string): readonly ContainerInfo[] | null {
  void stdout;
  throw new Error('not written yet');
}
