import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';

import { isAlive } from './process-tree.ts';
import { findProgram } from './require-service.ts';
import type { TempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** The process of one dockerd. It logs to a file: a pipe that a busy test does not read would stop it. */
export class DockerdProcess {
  readonly socket: string;
  readonly #dir: TempDir;
  readonly #liveRestore: 'yes' | 'no';
  #child: ChildProcess | null = null;

  constructor(dir: TempDir, liveRestore: 'yes' | 'no') {
    this.#dir = dir;
    this.#liveRestore = liveRestore;
    this.socket = dir.join('docker.sock');
  }

  async start(): Promise<void> {
    if (this.#child !== null) return;
    const config = this.#dir.join('daemon.json');
    await writeFile(config, JSON.stringify({
      'data-root': this.#dir.join('data'),
      'exec-root': this.#dir.join('exec'),
      pidfile: this.#dir.join('dockerd.pid'),
      hosts: [`unix://${this.socket}`],
      iptables: false,
      bridge: 'none',
      'live-restore': this.#liveRestore === 'yes',
      // A virtual machine may not let it have more.
      'default-ulimits': { nofile: { Name: 'nofile', Soft: 1024, Hard: 1024 } },
    }));
    const log = openSync(this.#dir.join('dockerd.log'), 'a');
    const path = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
    const child = spawn(findProgram('dockerd') ?? 'dockerd', ['--config-file', config], { stdio: ['ignore', log, log], detached: true, env: { ...process.env, PATH: path } });
    closeSync(log);
    this.#child = child;
    await waitFor(
      async () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`dockerd ended: ${readFileSync(this.#dir.join('dockerd.log'), 'utf8').slice(-2000)}`);
        return answers(this.socket);
      },
      { what: 'dockerd', deadline: 40_000 },
    );
  }

  async stop(how: 'kill' | 'end'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
    await ended;
    await this.#forgetContainerd();
  }

  /** Its containerd dies with it. Where nobody reaps that one, the next dockerd would take the zombie for alive and wait for it in vain. */
  async #forgetContainerd(): Promise<void> {
    const pidFile = this.#dir.join('exec/containerd/containerd.pid');
    if (!existsSync(pidFile)) return;
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await waitFor(() => !isAlive(pid), { what: 'the end of containerd' });
    await rm(pidFile, { force: true });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}

/** Whether its API answers; the socket is there before. */
async function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => { resolve(false); });
    asked.end();
  });
}
