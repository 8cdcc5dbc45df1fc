import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

describe('freePort', () => {
  it('gives no port twice, though nobody listens on the ones before yet', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, async () => freePort()));
    expect(new Set(ports).size).toBe(50);
  });

  it('gives another worker of the same run none of these', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, async () => freePort()));
    vi.stubEnv('VITEST_POOL_ID', String(Number(process.env['VITEST_POOL_ID'] ?? process.pid) + 1));
    vi.resetModules();
    const other = await import('../src/free-port.ts');
    const others = await Promise.all(Array.from({ length: 50 }, async () => other.freePort()));
    expect(others.filter((port) => ports.includes(port))).toEqual([]);
  });

  it('passes over one that somebody listens on', async () => {
    const port = await freePort();
    const server = createServer().listen(port + 1, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening').catch(() => undefined);
    expect(await freePort()).not.toBe(port + 1);
  });
});
