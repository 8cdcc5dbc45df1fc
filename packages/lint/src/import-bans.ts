import type { Linter } from 'eslint';
import { ADAPTERS, LAYERS, MAY_SPAWN, type Layer } from './layers.ts';

interface Pattern {
  readonly group: readonly string[];
  readonly message: string;
  readonly importNames?: readonly string[];
}

/** Every third-party package that any layer may import: elsewhere it is banned with the layers that may. */
const ALL_LIBRARIES = [...new Set(Object.values(LAYERS).flatMap((layer) => layer.libraries))];
const ALL_PACKAGES = Object.keys(LAYERS).map((path) => path.split('/')[1] ?? '');

/** ESLint blocks that ban every import that the layer table does not allow, each with the reason in its message. */
export function importBans(): Linter.Config[] {
  return Object.entries(LAYERS).map(([path, layer]) => ({
    files: [`${path}/src/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns: patternsFor(path, layer) }] },
  }));
}

function patternsFor(path: string, layer: Layer): readonly Pattern[] {
  const own = path.split('/')[1];
  const packages = ALL_PACKAGES.filter((name) => name !== own && !layer.imports.includes(name));
  const libraries = ALL_LIBRARIES.filter((name) => !layer.libraries.includes(name));
  const patterns: Pattern[] = [
    ...packages.map((name) => ban([`@longhaul/${name}`, `@longhaul/${name}/*`], `${path} may not import ${name}: see packages/lint/src/layers.ts`)),
    ...libraries.map((name) => ban([name, `${name}/*`], `${path} may not use ${name}: see packages/lint/src/layers.ts`)),
    ban(['**/packages/*/src/**', '**/apps/*/src/**'], 'import a package by its name, never by its files'),
  ];
  if (!MAY_SPAWN.includes(path)) patterns.push(ban(['node:child_process', 'child_process'], 'programs are run by @longhaul/exec'));
  if (path === 'packages/sync-queue') {
    patterns.push({ group: ['@longhaul/sync-transports'], importNames: ADAPTERS, message: 'the queue knows the port, never an adapter: host composes them' });
  }
  return patterns;
}

function ban(group: readonly string[], message: string): Pattern {
  return { group, message };
}
