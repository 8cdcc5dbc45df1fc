import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runToEnd } from '@longhaul/testbed';
import { expect, it } from 'vitest';

import { describeBoth } from './both-engines.ts';
import { containerBed } from './container-bed.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

describeBoth('the README', (engine, runtime) => {
  it('has an example that runs and prints what it says', async () => {
    const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(HERE, '../README.md'), 'utf8')) ?? [];
    const bed = await containerBed(engine());
    // Beside the tests, so that the packages are found. The other engine of this machine has none of these images.
    const file = join(HERE, `.readme-${runtime}-${String(process.pid)}.ts`);
    const only = `runs, runtimes: ['${runtime}']`;
    await writeFile(file, `const stateDir = ${JSON.stringify(bed.stateDir)};\nconst image = ${JSON.stringify(bed.engine.images.plain)};\n${code?.replace('{ runs,', `{ ${only},`) ?? 'throw new Error("no example");'}`);
    try {
      const { stdout, stderr, code: exitCode } = await runToEnd(process.execPath, ['--conditions=@longhaul/source', file], { env: bed.engine.env });
      expect({ stdout: stdout.toString(), stderr: stderr.toString(), exitCode }).toEqual({ stdout: 'stdout working\nexited 7\n', stderr: '', exitCode: 0 });
    } finally {
      await rm(file, { force: true });
    }
  });
});
