import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { imageConfig, writeLayer } from './container-images.ts';
import { tempDir } from './temp-dir.ts';

/** A registry of images on 127.0.0.1, from which both engines of the testbed pull without TLS. */
export interface ImageRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Its one image that everybody may read: busybox. */
  readonly image: string;
  /** An image that needs a login nobody has. */
  readonly private: string;
  /** How often the layer was fetched. */
  readonly fetched: () => number;
}

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** Starts it; see https://github.com/opencontainers/distribution-spec for what it answers. */
export async function startImageRegistry(): Promise<ImageRegistry> {
  const content = await makeContent();
  let fetched = 0;
  const server = createServer((request, response) => {
    if (request.url?.endsWith(content.layer) === true && request.method === 'GET') fetched += 1;
    answer(request, response, content);
  });
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  const address = `127.0.0.1:${String(port)}`;
  return {
    address,
    image: `${address}/lab/plain:1`,
    private: `${address}/lab/private:1`,
    fetched: () => fetched,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Content {
  readonly manifest: Buffer;
  /** By digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** Digest of the layer. */
  readonly layer: string;
}

async function makeContent(): Promise<Content> {
  await using folder = await tempDir('longhaul-registry-');
  const parts = await writeLayer(folder.path);
  const [layer, config] = [gzipSync(await readFile(parts.layerFile), { level: 1 }), Buffer.from(imageConfig(parts, { Cmd: ['sh'] }))];
  const described = (mediaType: string, blob: Buffer): object => ({ mediaType, size: blob.length, digest: digestOf(blob) });
  const manifest = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: described('application/vnd.oci.image.config.v1+json', config), layers: [described('application/vnd.oci.image.layer.v1.tar+gzip', layer)] };
  return { manifest: Buffer.from(JSON.stringify(manifest)), blobs: new Map([layer, config].map((blob) => [digestOf(blob), blob])), layer: digestOf(layer) };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function answer({ url = '', method }: IncomingMessage, response: ServerResponse, { manifest, blobs }: Content): void {
  const send = (status: number, body: Buffer, headers: Readonly<Record<string, string>>): void => {
    response.writeHead(status, { 'content-length': String(body.length), ...headers }).end(method === 'HEAD' ? undefined : body);
  };
  const refuse = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): void => {
    send(status, Buffer.from(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll('_', ' ') }] })), { 'content-type': 'application/json', ...headers });
  };
  if (url === '/v2/' || url === '/v2') { send(200, Buffer.from('{}'), { 'content-type': 'application/json', 'docker-distribution-api-version': 'registry/2.0' }); return; }
  if (url.startsWith('/v2/lab/private/')) { refuse(401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="lab"' }); return; }
  if (url === '/v2/lab/plain/manifests/1' || url === `/v2/lab/plain/manifests/${digestOf(manifest)}`) { send(200, manifest, { 'content-type': MANIFEST_TYPE, 'docker-content-digest': digestOf(manifest) }); return; }
  const blob = blobs.get(url.replace('/v2/lab/plain/blobs/', ''));
  if (blob !== undefined) { send(200, blob, { 'content-type': 'application/octet-stream' }); return; }
  refuse(404, 'MANIFEST_UNKNOWN');
}
