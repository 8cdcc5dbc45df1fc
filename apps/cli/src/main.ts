#!/usr/bin/env node
import { useCompileCache } from './compile-cache.ts';

// Before anything else is loaded, and everything else by import(): what a static import loads would be compiled without it.
useCompileCache(process.env);
const { main } = await import('./cli.ts');
const code = await main(process.argv.slice(2));
// Everything was written and closed; a handle that some library left open must not keep the person waiting.
process.exit(code);
