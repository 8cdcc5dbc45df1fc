#!/usr/bin/env node
import { run } from './program.ts';

process.exit(await run(process.argv.slice(2)));
