import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd, tempDir, writeTree } from '@longhaul/testbed';
import { expect, it } from 'vitest';

const PACKAGE = join(import.meta.dirname, '..');

// What users install is one bundle and the thread's file beside it; all other tests run from the sources.
it('seals and delivers from the built bundle, with its threads', async () => {
  await using dir = await tempDir();
  const { scripts } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { readonly scripts: { readonly build: string } };
  const [tsup = '', ...args] = scripts.build.split(' && ')[0]?.split(' ') ?? [];
  expect(tsup).toBe('tsup');
  const built = await runToEnd(process.execPath, [join(PACKAGE, 'node_modules/tsup/dist/cli-default.js'), ...args, '--out-dir', dir.join('dist'), '--silent'], { cwd: PACKAGE });
  expect(built.stderr.toString()).toBe('');
  expect(readdirSync(dir.join('dist')).filter((name) => name.endsWith('.js')).sort()).toEqual(['file-worker.js', 'index.js']);
  // The packages that the bundle imports come from their sources, so that nothing else has to be built before.
  mkdirSync(dir.join('node_modules'));
  symlinkSync(join(PACKAGE, 'node_modules/@longhaul'), dir.join('node_modules/@longhaul'));
  writeTree(dir.path, [
    { path: 'source/a', file: 'a' },
    { path: 'source/b/c', file: 'c' },
    { path: 'source/b/d', file: Buffer.alloc(3 << 20, 1) },
    { path: 'destination', dir: true },
    { path: 'deliver.mjs', file: SCRIPT },
  ]);
  const ran = await runToEnd(process.execPath, ['--conditions=@longhaul/source', dir.join('deliver.mjs'), dir.path]);
  expect(ran.stderr.toString()).toBe('');
  expect(JSON.parse(ran.stdout.toString())).toEqual({ files: 3, ok: true, missing: [], kind: 'published' });
});

const SCRIPT = `
const [, , root] = process.argv;
const { compareManifest, createSealer, LocalTransport, sourceIdOf } = await import(root + '/dist/index.js');
await using sealer = createSealer({ stateDir: root + '/state' });
await using transport = new LocalTransport({ path: root + '/destination' });
const seal = await sealer.seal({ source: await sealer.resolve(root + '/source'), hashing: 'cached' });
const placement = { jobId: 'job-1', epoch: 1, hostId: 'host-1', finalName: 'results' };
const { ok } = await transport.push({ seal, placement });
const { missing } = compareManifest(seal, await transport.hashsum({ where: 'staging', placement, seal }));
const at = new Date().toISOString();
const receipt = { schemaVersion: 1, sealId: seal.id, sealDigest: seal.digest, generation: 1, jobId: 'job-1', epoch: 1, hostId: 'host-1', host: 'lab', source: 'source', sourceId: sourceIdOf('host-1', seal.source), publishedAt: at, totals: seal.totals, verified: { at, strength: 'sha256' }, run: null };
const { kind } = await transport.publish({ seal, placement, receipt });
console.log(JSON.stringify({ files: seal.totals.files, ok, missing, kind }));
`;
