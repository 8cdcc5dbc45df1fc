import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LAYERS } from '../src/layers.ts';

const root = join(import.meta.dirname, '../../..');
const PREFIX = '@longhaul/';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const folders = ['packages', 'apps'].flatMap((kind) =>
  readdirSync(join(root, kind))
    .map((name) => `${kind}/${name}`)
    .filter((path) => existsSync(join(root, path, 'package.json'))),
);

function manifestOf(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Manifest;
}

function dependenciesOf(path: string): readonly string[] {
  const manifest = manifestOf(path);
  return [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.peerDependencies ?? {})];
}

describe('the layer table', () => {
  it('names every package of the workspace', () => {
    expect(folders.filter((path) => path !== 'packages/lint').sort()).toEqual(Object.keys(LAYERS).sort());
  });

  it.each(Object.entries(LAYERS))('allows every dependency of %s', (path, layer) => {
    const allowed = [...layer.imports, ...(layer.runs ?? [])].map((name) => PREFIX + name).concat(layer.libraries);
    expect(dependenciesOf(path).filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it('has no circle', () => {
    const visit = (name: string, trail: readonly string[]): void => {
      expect(trail, [...trail, name].join(' → ')).not.toContain(name);
      for (const next of LAYERS[`packages/${name}`]?.imports ?? []) visit(next, [...trail, name]);
    };
    for (const path of Object.keys(LAYERS)) visit(path.split('/')[1] ?? '', []);
  });

  it.each(Object.keys(LAYERS))('finds no import in %s that its package.json does not declare', (path) => {
    // A library that is bundled into dist stands in devDependencies: users need not install it.
    const bundled = LAYERS[path]?.libraries.filter((name) => name in (manifestOf(path).devDependencies ?? {})) ?? [];
    const declared = [...dependenciesOf(path), ...bundled, manifestOf(path).name];
    const sources = readdirSync(join(root, path, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const undeclared = sources.flatMap((file) =>
      importedPackages(readFileSync(join(root, path, 'src', file), 'utf8'))
        .filter((name) => !declared.includes(name))
        .map((name) => `${file}: ${name}`),
    );
    expect(undeclared).toEqual([]);
  });
});

/** Names of packages in import and export statements and in dynamic imports; node: and relative ones left out. */
function importedPackages(source: string): readonly string[] {
  const specifiers = [...source.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;'"`]*?from\s+'([^'\n]+)'|\bimport\('([^'\n]+)'\)/g)].map((match) => match[1] ?? match[2] ?? '');
  return specifiers
    .filter((name) => name !== '' && !name.startsWith('.') && !name.startsWith('node:'))
    .map((name) => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/'));
}
