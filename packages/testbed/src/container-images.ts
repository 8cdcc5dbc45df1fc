import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './require-service.ts';
import { runProgram } from './run-program.ts';

/** Images that both engines of the testbed have. All are busybox; none came from a registry. */
export const TEST_IMAGES = {
  /** `sh` and the programs of busybox; CMD is `sh`. */
  plain: 'localhost/longhaul/plain:test',
  /** ENTRYPOINT `echo entry`, CMD `default`. */
  entrypoint: 'localhost/longhaul/entrypoint:test',
  /** STOPSIGNAL USR1. */
  stopSignal: 'localhost/longhaul/stop-signal:test',
  /** WORKDIR /work, USER 1000:1000. */
  user: 'localhost/longhaul/user:test',
} as const;

const CONFIGS: Readonly<Record<keyof typeof TEST_IMAGES, object>> = {
  plain: { Cmd: ['sh'] },
  entrypoint: { Entrypoint: ['echo', 'entry'], Cmd: ['default'] },
  stopSignal: { Cmd: ['sh'], StopSignal: 'SIGUSR1' },
  user: { Cmd: ['sh'], WorkingDir: '/work', User: '1000:1000' },
};

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'amd64', arm64: 'arm64' };

/** One layer and what it is called: what an image is made of. */
export interface ImageParts {
  readonly layerFile: string;
  /** `sha256:…` of the layer's tar. */
  readonly diffId: string;
}

/** Writes the root filesystem of the test images as a tar: busybox and its links. */
export async function writeLayer(folder: string): Promise<ImageParts> {
  const root = join(folder, 'rootfs');
  const layerFile = join(folder, 'layer.tar');
  const busybox = findProgram('busybox') ?? 'busybox';
  const { stdout } = await runProgram(busybox, ['--list']);
  for (const name of ['bin', 'etc', 'tmp', 'work', 'proc', 'sys', 'dev', 'root', 'var']) await mkdir(join(root, name), { recursive: true });
  await copyFile(busybox, join(root, 'bin/busybox'));
  await Promise.all(stdout.trim().split('\n').filter((applet) => applet !== 'busybox').map(async (applet) => symlink('busybox', join(root, 'bin', applet))));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1000:worker:/work:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nworker:x:1000:\n');
  await runProgram('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '--sort=name', '-cf', layerFile, '.']);
  await rm(root, { recursive: true });
  return { layerFile, diffId: `sha256:${await sha256(layerFile)}` };
}

/** The text of an image's configuration (OCI and docker agree on these fields). */
export function imageConfig({ diffId }: ImageParts, config: object): string {
  return JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { Env: ['PATH=/bin'], ...config },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: '2026-01-01T00:00:00Z', created_by: 'testbed' }],
  });
}

/** An archive of all {@link TEST_IMAGES} that `podman load` and `docker load` both read: `import` cannot set a stop signal. */
export async function writeImageArchive(folder: string): Promise<string> {
  const parts = await writeLayer(folder);
  const manifest = [];
  for (const [key, config] of Object.entries(CONFIGS)) {
    const file = `${key}.json`;
    await writeFile(join(folder, file), imageConfig(parts, config));
    manifest.push({ Config: file, RepoTags: [TEST_IMAGES[key as keyof typeof TEST_IMAGES]], Layers: ['layer.tar'] });
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(folder, 'images.tar');
  await runProgram('tar', ['-C', folder, '-cf', archive, 'manifest.json', 'layer.tar', ...Object.keys(CONFIGS).map((key) => `${key}.json`)]);
  return archive;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
