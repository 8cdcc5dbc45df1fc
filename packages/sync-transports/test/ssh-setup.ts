import type { RsyncSshTransportOptions } from '../src/index.ts';
import { compareManifest, createSealer, displayPath, RsyncSshTransport, sourceIdOf } from '../src/index.ts';
import type { ManifestComparison, Placement, PublishOutcome, PushRequest, RawPath, Receipt, Seal, Transport, TransportResult } from '../src/index.ts';
import type { Sshd, SshdOptions, TempDir, TreeEntry } from '@longhaul/testbed';
import { runToEnd, startSshd, tempDir, writeTree } from '@longhaul/testbed';

/** A destination that holds exactly the sealed set. */
export const EXACT: ManifestComparison = { missing: [], extra: [], mismatched: [], strength: 'sha256' };

/** What most tests here begin with: sshd, an empty destination, an empty source. */
export class SshBench implements AsyncDisposable {
  readonly sshd: Sshd;
  readonly dir: TempDir;
  readonly #stack: AsyncDisposableStack;

  private constructor(sshd: Sshd, dir: TempDir, stack: AsyncDisposableStack) {
    this.sshd = sshd;
    this.dir = dir;
    this.#stack = stack;
  }

  static async open(options: SshdOptions = {}): Promise<SshBench> {
    const stack = new AsyncDisposableStack();
    const dir = stack.use(await tempDir('longhaul-ssh-'));
    writeTree(dir.join('there'), []);
    const sshd = stack.use(await startSshd(options));
    // Another user must come through to the destination.
    await runToEnd('chmod', ['755', dir.path]);
    return new SshBench(sshd, dir, stack);
  }

  /** The destination's folder. */
  get there(): string {
    return this.dir.join('there');
  }

  transport(options: Partial<RsyncSshTransportOptions> = {}): RsyncSshTransport {
    const { target, port, clientKey: sshKey, knownHosts } = this.sshd;
    return this.#stack.use(new RsyncSshTransport({ target, port, sshKey, knownHosts, path: this.there, name: 'nas', ...options }));
  }

  async sealed(entries: readonly TreeEntry[], name = 'results'): Promise<Seal> {
    writeTree(this.dir.join(name), entries);
    return this.seal(name);
  }

  async seal(name = 'results'): Promise<Seal> {
    await using sealer = createSealer({ stateDir: this.dir.join('state') });
    return await sealer.seal({ source: await sealer.resolve(this.dir.join(name)), hashing: 'cached' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** A job of a test. */
export interface Job {
  readonly jobId?: string;
  readonly epoch?: number;
  readonly hostId?: string;
  readonly finalName?: string;
  readonly generation?: number;
}

export function placement({ jobId = 'job-1', epoch = 1, hostId = 'host-1', finalName = 'results' }: Job = {}): Placement {
  return { jobId, epoch, hostId, finalName: finalName as RawPath };
}

export function receipt(seal: Seal, job: Job = {}): Receipt {
  const { jobId, epoch, hostId } = placement(job);
  const now = '2026-11-22T10:00:00.000Z';
  return {
    schemaVersion: 1, sealId: seal.id, sealDigest: seal.digest, generation: job.generation ?? 1, jobId, epoch, hostId, host: hostId, source: displayPath(seal.source.root),
    sourceId: sourceIdOf(hostId, seal.source), publishedAt: now, totals: seal.totals, verified: { at: now, strength: 'sha256' }, run: null,
  };
}

export async function push(transport: Transport, seal: Seal, job: Job & Omit<Partial<PushRequest>, 'seal' | 'placement'> = {}): Promise<TransportResult> {
  const { jobId: _jobId, epoch: _epoch, hostId: _hostId, finalName: _finalName, generation: _generation, ...request } = job;
  return transport.push({ ...request, seal, placement: placement(job) });
}

export async function compared(transport: Transport, seal: Seal, job: Job & { readonly where?: 'staging' | 'final' } = {}): Promise<ManifestComparison> {
  return compareManifest(seal, await transport.hashsum({ where: job.where ?? 'staging', placement: placement(job), seal }));
}

export async function publish(transport: Transport, seal: Seal, job: Job = {}): Promise<PublishOutcome> {
  return transport.publish({ seal, placement: placement(job), receipt: receipt(seal, job) });
}

/** GNU's own check of the checksums file, run at the destination. */
export async function checksumsHold(folder: string): Promise<string> {
  const { code, stdout, stderr } = await runToEnd('sha256sum', ['--quiet', '-c', '.longhaul/checksums.sha256'], { cwd: folder });
  return code === 0 ? 'all hold' : `${stdout.toString()}${stderr.toString()}`;
}
