import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { busyboxPath, ODD_NAMES, oddTree, readOnlyMount, requireService, runToEnd, smallDisk, startSshd, startTcpProxy, tempDir, withPrivateTmux, writeTree } from '../src/index.ts';
import type { Sshd } from '../src/index.ts';

function client(sshd: Sshd, options: { readonly port?: number; readonly key?: string; readonly knownHosts?: string } = {}): readonly string[] {
  const { port = sshd.port, key = sshd.clientKey, knownHosts = sshd.knownHosts } = options;
  return ['-F', 'none', '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${knownHosts}`, '-i', key, '-p', String(port), sshd.target];
}

describe.runIf(requireService('sshd'))('startSshd', () => {
  it('lets its own key in, and neither a stranger nor a changed host key', async () => {
    await using sshd = await startSshd();
    expect((await runToEnd('ssh', [...client(sshd), 'echo in'])).stdout.toString()).toBe('in\n');
    expect((await runToEnd('ssh', [...client(sshd, { key: sshd.strangerKey }), 'true'])).stderr.toString()).toContain('Permission denied (publickey)');
    expect((await runToEnd('ssh', [...client(sshd, { knownHosts: sshd.changedKnownHosts }), 'true'])).stderr.toString()).toContain('HOST IDENTIFICATION HAS CHANGED');
    expect((await runToEnd('ssh', [...client(sshd, { knownHosts: sshd.emptyKnownHosts }), 'true'])).stderr.toString()).toContain('host key is known');
  });

  it('can be stopped and started on the same port', async () => {
    await using sshd = await startSshd();
    await sshd.stop();
    expect((await runToEnd('ssh', [...client(sshd), 'true'])).stderr.toString()).toContain('Connection refused');
    await sshd.start();
    expect((await runToEnd('ssh', [...client(sshd), 'true'])).code).toBe(0);
  });

  it('counts, and cuts, through the proxy', async () => {
    await using sshd = await startSshd();
    await using proxy = await startTcpProxy({ target: sshd.port });
    const through = client(sshd, { port: proxy.port, knownHosts: await sshd.knownHostsFor(proxy.port) });
    const whole = await runToEnd('ssh', [...through, 'cat >/dev/null; echo done'], { input: Buffer.alloc(300_000) });
    expect(whole.stdout.toString()).toBe('done\n');
    expect(proxy.passed.up).toBeGreaterThan(300_000);
    proxy.faults.cutAfter = { up: proxy.passed.up + 100_000, down: Infinity };
    expect((await runToEnd('ssh', [...through, 'cat >/dev/null; echo done'], { input: Buffer.alloc(300_000) })).code).toBe(255);
  });

  it.runIf(requireService('root', 'busybox'))('runs remote commands as another user and with a PATH of its own', async () => {
    await using tools = await busyboxPath();
    await using other = await startSshd({ runAs: 65534 });
    expect((await runToEnd('ssh', [...client(other), 'id -u'])).stdout.toString()).toBe('65534\n');
    await using plain = await startSshd({ path: tools.path });
    expect((await runToEnd('ssh', [...client(plain), 'readlink "$(command -v find)"'])).stdout.toString()).toMatch(/busybox\n$/);
  });
});

describe.runIf(requireService('root'))('mounts', () => {
  it('fill up and refuse writes', async () => {
    await using disk = await smallDisk({ bytes: 1 << 20 });
    expect(() => { writeFileSync(`${disk.path}/big`, Buffer.alloc(2 << 20)); }).toThrow('ENOSPC');
    await using frozen = await readOnlyMount(disk.path);
    expect(() => { writeFileSync(`${frozen.path}/new`, ''); }).toThrow('EROFS');
  });
});

describe('writeTree', () => {
  it('creates every odd name, sparse files and hard links', async () => {
    await using dir = await tempDir();
    writeTree(dir.join('odd'), oddTree());
    const names = await readdir(dir.join('odd'), { encoding: 'buffer' });
    expect(ODD_NAMES.every((name) => names.some((found) => found.equals(name)))).toBe(true);
    writeTree(dir.join('more'), [
      { path: 'sparse', sparse: { size: 8 << 20, data: [{ at: 4 << 20, bytes: 'x' }] } },
      { path: 'one', file: '1' },
      { path: 'below/two', hardLinkTo: 'one' },
    ]);
    expect(statSync(dir.join('more/sparse')).blocks).toBeLessThan(1000);
    expect(statSync(dir.join('more/below/two')).ino).toBe(statSync(dir.join('more/one')).ino);
  });
});

describe.runIf(requireService('tmux'))('withPrivateTmux', () => {
  it('starts a server that is gone afterwards', async () => {
    let socketPath: string;
    {
      await using tmux = await withPrivateTmux();
      await tmux.tmux('new-session', '-d', '-s', 'x');
      socketPath = tmux.socketPath;
      expect(statSync(socketPath).isSocket()).toBe(true);
    }
    expect((await runToEnd('tmux', ['-S', socketPath, 'list-sessions'])).code).not.toBe(0);
  });
});

describe('README', () => {
  it.runIf(requireService('sshd'))('shows an example that runs', async () => {
    await using dir = await tempDir();
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const file = dir.join('example.ts');
    writeFileSync(file, example.replace('@longhaul/testbed', new URL('../src/index.ts', import.meta.url).href));
    const { code, stdout, stderr } = await runToEnd(process.execPath, [file]);
    expect(stderr.toString()).toBe('');
    expect(code).toBe(0);
    expect(stdout.toString()).toContain('longhaul-test-');
  });
});
