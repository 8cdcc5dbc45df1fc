import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { once } from 'node:events';

/** What a fake engine does with one request. */
export type Answer = (response: ServerResponse, server: Server) => void;

/** Answers of the API that follow.mjs uses, by method and path without its beginning (`/containers/<id>`) and its query. */
export type Answers = Readonly<Record<string, Answer>>;

/** An engine that goes away between two bytes, which a real one cannot be made to do on time. Listens on a socket file. */
export async function fakeDocker(socket: string, answers: Answers): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '').replace(/^\/containers\/[^/]+/, '');
    const answer = answers[`${request.method ?? ''} ${path}`];
    if (answer === undefined) response.writeHead(500).end(`{"message":"not asked for in this test: ${path}"}`);
    else answer(response, server);
  });
  server.listen(socket);
  await once(server, 'listening');
  return server;
}

/** The engine is killed, and back at once: every connection ends without another word. */
export const crash: Answer = (_response, server) => {
  server.closeAllConnections();
};

/** Keeps the connection open, and says no more. */
export const silent: Answer = (response) => {
  response.flushHeaders();
};

export const json = (value: unknown): Answer => (response) => {
  response.end(`${JSON.stringify(value)}\n`);
};

/** Frames as docker sends them without a terminal. */
function frames(lines: readonly string[]): Buffer {
  return Buffer.concat(lines.map((line) => {
    const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(Buffer.byteLength(line), 4);
    return Buffer.concat([head, Buffer.from(line)]);
  }));
}

/** What an attached reader gets, before the connection ends. */
export function attached(...lines: readonly string[]): Answer {
  return (response) => {
    response.end(frames(lines));
  };
}

/** The engine's own log. */
export function kept(...lines: readonly string[]): Answer {
  return (response) => {
    response.end(frames(lines.map((line) => `2026-11-22T10:00:00.000000000Z ${line}`)));
  };
}

/** One answer after the other; the last for ever. */
export function inTurn(...all: readonly Answer[]): Answer {
  let next = 0;
  return (response, server) => {
    all[Math.min(next, all.length - 1)]?.(response, server);
    next += 1;
  };
}
