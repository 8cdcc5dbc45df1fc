import type { RcloneRemote, TempDir, TreeEntry } from '@longhaul/testbed';
import { tempDir, writeRcloneConfig, writeTree } from '@longhaul/testbed';
import type { RcloneTransportOptions, Seal } from '../src/index.ts';
import { createSealer, RcloneTransport } from '../src/index.ts';

/** What the tests of rclone begin with: a folder that may be served, a configuration of remotes, an empty source. */
export class RcloneBench implements AsyncDisposable {
  readonly dir: TempDir;

  private constructor(dir: TempDir) {
    this.dir = dir;
  }

  static async open(): Promise<RcloneBench> {
    const dir = await tempDir('longhaul-rclone-test-');
    writeTree(dir.join('there'), []);
    return new RcloneBench(dir);
  }

  /** The folder to serve. */
  get there(): string {
    return this.dir.join('there');
  }

  async transport(remote: RcloneRemote, { path = '', ...options }: Partial<RcloneTransportOptions> & { readonly path?: string } = {}): Promise<RcloneTransport> {
    const configFile = this.dir.join('rclone.conf');
    await writeRcloneConfig(configFile, { lab: remote });
    return new RcloneTransport({ remote: `lab:${path}`, configFile, name: 'lab', ...options });
  }

  async sealed(entries: readonly TreeEntry[], name = 'results'): Promise<Seal> {
    writeTree(this.dir.join(name), entries);
    await using sealer = createSealer({ stateDir: this.dir.join('state') });
    return await sealer.seal({ source: await sealer.resolve(this.dir.join(name)), hashing: 'fresh' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dir[Symbol.asyncDispose]();
  }
}
