#!/usr/bin/env node
import { useCompileCache } from './compile-cache.ts';
import { refuseOldNode } from './node-version.ts';

// Nothing but these two may be loaded statically: an old Node could not even read the rest, and what a static import loads would be
// compiled without the cache.
refuseOldNode(process.versions.node);
useCompileCache(process.env);
// No await at the top: what is built is CommonJS, which is there 4 ms sooner.
void import('./cli.ts').then(async ({ main }) => {
  const code = await main(process.argv.slice(2));
  // Everything was written and closed; a handle that some library left open must not keep the person waiting.
  process.exit(code);
});
