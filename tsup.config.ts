import { existsSync } from 'node:fs';

import type { Options } from 'tsup';

// JavaScript only: declarations come from `tsc -b`, because tsup's own worker does not run on TypeScript 7.
const config: Options = {
  entry: ['src/index.ts', 'src/main.ts'].filter((file) => existsSync(file)),
  format: 'esm',
  target: 'node22',
  dts: false,
  sourcemap: true,
  clean: false,
};

export default config;
