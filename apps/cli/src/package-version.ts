import { readFileSync } from 'node:fs';

/** Read at run time: the version is written by the release, after the build. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
