import { existsSync } from 'node:fs';

import { defineConfig } from 'tsup';

// JavaScript only: declarations come from `tsc -b`, because tsup's own worker does not run on TypeScript 7.
export default defineConfig({
  entry: ['src/index.ts', 'src/main.ts'].filter((file) => existsSync(file)),
  format: 'esm',
  target: 'node22',
  dts: false,
  sourcemap: true,
  clean: false,
});
