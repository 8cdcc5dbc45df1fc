import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { defineConfig } from 'tsup';

/** Chunks carry a hash in their names, so old ones would pile up. tsup's own `clean` would take the declarations of tsc with them. */
const withoutOldChunks = {
  name: 'without-old-chunks',
  setup(build) {
    build.onStart(() => {
      mkdirSync('dist', { recursive: true });
      for (const file of readdirSync('dist')) if (/\.js(?:\.map)?$/.test(file)) rmSync(path.join('dist', file));
    });
  },
};

/** The licences of what is bundled ask to be passed on with every copy. */
const licences = {
  name: 'licences',
  setup(build) {
    build.initialOptions.metafile = true;
    build.onEnd(({ metafile }) => {
      const folders = new Set(Object.keys(metafile?.inputs ?? {}).flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []));
      const texts = [...folders].sort().map((folder) => licenceOf(path.resolve(folder)));
      writeFileSync('dist/THIRD-PARTY-LICENSES.txt', texts.join(`\n${'-'.repeat(80)}\n`));
    });
  },
};

function licenceOf(folder) {
  const { name, version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file to pass on`);
  return `${name} ${version}\n\n${readFileSync(path.join(folder, file), 'utf8')}`;
}

/**
 * Loading one of Node's modules reads every property of it. Those of `process` load the report, the profiler and more, and the object is
 * there already as a global. `crypto` costs 5 ms, and few commands need it: its functions are looked up when they are called.
 */
const LAZY = { crypto: ['createHash', 'randomBytes'], v8: ['serialize', 'deserialize'] };
const frugalModules = {
  name: 'frugal-modules',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?(?:process|crypto|v8)$/ }, ({ path: name }) => ({ path: name.replace('node:', ''), namespace: 'frugal' }));
    build.onLoad({ filter: /.*/, namespace: 'frugal' }, ({ path: name }) => ({ contents: name === 'process' ? GLOBAL_PROCESS : LAZY[name].map((key) => lazyFunction(name, key)).join('') }));
  },
};
const GLOBAL_PROCESS = 'export default globalThis.process; export const { argv, cwd, env, execArgv, execPath, hrtime, platform } = globalThis.process;';
const lazyFunction = (name, key) => `export const ${key} = (...args) => globalThis.process.getBuiltinModule('node:${name}').${key}(...args);`;

/**
 * One bundle with a chunk per command: a start-up loads a dozen files instead of a hundred. Measured with Node 24, where a bare
 * `node -e 0` takes 25 ms: `longhaul --help` 33 ms, and half of what `list` took unbundled. The workspace's packages are taken from
 * their sources, so that a chunk holds what its command needs and no more.
 */
export default defineConfig({
  entry: ['src/main.ts', 'src/index.ts'],
  format: 'esm',
  target: 'node22',
  dts: false,
  sourcemap: true,
  clean: false,
  splitting: true,
  // tsup would take the node: off before frugalModules sees it.
  removeNodeProtocol: false,
  // All but native code and packages that find files beside themselves (threads); only sync needs those.
  noExternal: [/^(?!better-sqlite3$|@longhaul\/(?:sync-queue|sync-transports|server)$)/],
  // CommonJS that is bundled asks for Node's own modules by require.
  banner: { js: "import { createRequire as lhCreateRequire } from 'node:module'; const require = lhCreateRequire(import.meta.url);" },
  esbuildPlugins: [withoutOldChunks, licences, frugalModules],
  esbuildOptions: (options) => {
    options.conditions = ['@longhaul/source', 'node', 'import'];
    // Errors are shown by the names of their classes.
    options.keepNames = true;
    options.minifyWhitespace = true;
    options.minifySyntax = true;
    options.legalComments = 'none';
  },
});
