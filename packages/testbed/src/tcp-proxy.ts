import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `up`: from the client to the target. */
export type Direction = 'up' | 'down';

/** What the proxy does to the bytes that pass. Settable at any time. */
export interface ProxyFaults {
  /** Added to each chunk. Milliseconds. */
  delay: number;
  /** Bytes per second, each direction of each connection; Infinity for none. */
  throttle: number;
  /** All connections are cut when so many bytes have passed in this direction, counted over the proxy's life; Infinity for never. */
  cutAfter: Readonly<Record<Direction, number>>;
  /** Nothing passes; connections stay open. */
  stalled: boolean;
  /** New connections are closed at once. */
  refusing: boolean;
}

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  readonly faults: ProxyFaults;
  /** Bytes that passed, over all connections. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** Ends all open connections with a reset. */
  cut(): void;
}

/** A TCP proxy on loopback that delays, stalls, cuts or throttles what passes: the faults of a network, on command. */
export async function startTcpProxy({ target, ...initial }: { readonly target: number } & Partial<ProxyFaults>): Promise<TcpProxy> {
  const faults: ProxyFaults = { delay: 0, throttle: Infinity, cutAfter: { up: Infinity, down: Infinity }, stalled: false, refusing: false, ...initial };
  const passed = { up: 0, down: 0 };
  const open = new Set<Socket>();
  const cut = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  const server = createServer((client) => {
    if (faults.refusing) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    for (const [socket, peer] of [[client, upstream], [upstream, client]] as const) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        peer.destroy();
      });
    }
    void pump({ from: client, to: upstream, direction: 'up', faults, passed, cut });
    void pump({ from: upstream, to: client, direction: 'down', faults, passed, cut });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    faults,
    passed,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Pump {
  readonly from: Socket;
  readonly to: Socket;
  readonly direction: Direction;
  readonly faults: ProxyFaults;
  readonly passed: Record<Direction, number>;
  readonly cut: () => void;
}

async function pump({ from, to, direction, faults, passed, cut }: Pump): Promise<void> {
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      const wait = faults.delay + (chunk.length / faults.throttle) * 1000;
      if (wait >= 1) await sleep(wait);
      while (faults.stalled && !to.destroyed) await sleep(10);
      const allowed = Math.max(0, faults.cutAfter[direction] - passed[direction]);
      const part = chunk.length > allowed ? chunk.subarray(0, allowed) : chunk;
      passed[direction] += part.length;
      if (!to.write(part)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      if (part.length < chunk.length) {
        cut();
        return;
      }
    }
    to.end();
  } catch {
    // The connection is gone; so is the other half.
    to.destroy();
  }
}
