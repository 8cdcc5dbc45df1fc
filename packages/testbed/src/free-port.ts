import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that a system gives away by itself (from 32768 on Linux): no outgoing connection takes one of these meanwhile. */
const FIRST = 10_000;
/** Test workers at the same time that get ports of their own. */
const SHARES = 16;
const SHARE = 1_400;

const share = Number(process.env['VITEST_POOL_ID'] ?? process.pid) % SHARES;
/** Anywhere in the share: another run of the tests has the same ones. */
let next = Math.floor(Math.random() * SHARE);

/**
 * A TCP port on loopback that nobody listens on at this moment. No other worker of the same test run is given it, nor is this one again for a long time:
 * the program that it is for comes to listen later.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < SHARE; tries += 1) {
    const port = FIRST + share * SHARE + next;
    next = (next + 1) % SHARE;
    if (await isFree(port)) return port;
  }
  throw new Error(`none of the ${String(SHARE)} ports from ${String(FIRST + share * SHARE)} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
