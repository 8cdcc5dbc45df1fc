import { once } from 'node:events';
import { connect } from 'node:net';

/** Whether somebody takes connections at a TCP port on loopback. @throws where nobody does, so that `waitFor` can say why */
export async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
