import { mkdir } from 'node:fs/promises';
import { freePort } from './free-port.ts';
import type { RcloneRemote } from './rclone-serve.ts';
import { tempDir } from './temp-dir.ts';

/** An S3-compatible server on loopback, in this process. */
export interface S3Server extends AsyncDisposable {
  readonly port: number;
  /** A bucket that exists. */
  readonly bucket: string;
  readonly remote: RcloneRemote;
}

interface S3rver {
  run(): Promise<unknown>;
  close(): Promise<void>;
}

/** Without types of its own: named where the compiler does not look for them. */
const MODULE: string = 's3rver';

/**
 * Starts s3rver: buckets, keys with slashes, times in metadata, ETags, 403 for a key that nobody has. It is no judge of rights: what anybody may read it
 * gives to anybody, and it does not check the secret of each request.
 */
export async function startS3Server(): Promise<S3Server> {
  const dir = await tempDir('longhaul-s3-');
  const [port, bucket] = [await freePort(), 'lab'];
  const directory = dir.join('data');
  await mkdir(directory);
  const { default: Server } = (await import(MODULE)) as { readonly default: new (options: object) => S3rver };
  const server = new Server({ port, address: '127.0.0.1', silent: true, directory, configureBuckets: [{ name: bucket }] });
  await server.run();
  return {
    port,
    bucket,
    remote: { type: 's3', provider: 'Other', access_key_id: 'S3RVER', secret_access_key: 'S3RVER', endpoint: `http://127.0.0.1:${String(port)}`, force_path_style: 'true' },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}
