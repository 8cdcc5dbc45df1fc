import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';

import type { Problem } from './problem.ts';
import { problem, problemOf } from './problem.ts';
import type { RouteContext } from './routes.ts';
import { ROUTES } from './routes.ts';

export interface ApiOptions extends RouteContext {
  /** Told of errors that are no client's fault. */
  readonly onError: (error: unknown) => void;
}

/** The read-only API (design §9): JSON over HTTP, errors as problem+json. Who may connect is the socket's mode. */
export function createApiServer(options: ApiOptions): Server {
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 5000 }, (request, response) => {
    void answer(request, response, options);
  });
  server.maxConnections = 64;
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, options: ApiOptions): Promise<void> {
  // No route takes a body; what is sent all the same is not kept.
  request.resume();
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const route = ROUTES.get(url.pathname);
    if (route === undefined) {
      sendProblem(response, problem(404, 'NOT_FOUND', 'there is nothing here', `known: ${[...ROUTES.keys()].join(', ')}`));
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      sendProblem(response, problem(405, 'METHOD_NOT_ALLOWED', 'this API only reads', 'use the command line to change something'));
    } else {
      send(response, { status: 200, type: 'application/json', body: await route(url.searchParams, options) });
    }
  } catch (error) {
    const told = error instanceof TypeError && 'input' in error ? problem(400, 'USAGE', 'the address cannot be understood') : problemOf(error);
    if (told.status >= 500) options.onError(error);
    sendProblem(response, told);
  }
}

function sendProblem(response: ServerResponse, body: Problem): void {
  send(response, { status: body.status, type: 'application/problem+json', body });
}

function send(response: ServerResponse, { status, type, body }: { readonly status: number; readonly type: string; readonly body: unknown }): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(text);
}
