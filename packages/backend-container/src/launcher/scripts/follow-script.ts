/**
 * What copies the log of one container of docker into the run's folder: docker's own log cannot be read by its users and goes with the
 * container. Plain JavaScript, run by the Node that runs Longhaul: half the memory of docker's own client (README.md of the folder above).
 */
export const FOLLOW_SCRIPT: string = String.raw`// Longhaul: starts one container of docker and copies its log. In the run's folder.
// argv: endpoint (path of a socket, or "cli"), id, terminal (yes or no), what to do (start or resume), docker's client.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [endpoint, id, terminal, task, client] = process.argv.slice(2);
const LOG = 'output.cri';
const NEWLINE = 0x0a;

/** One connection to the engine: its socket, or what docker's client carries to wherever its context leads. */
async function open() {
  if (endpoint !== 'cli') {
    const socket = connect(endpoint);
    return { input: socket, output: socket, close: () => socket.destroy() };
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(client, ['system', 'dial-stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', (error) => child.stdout.destroy(error));
  return { input: child.stdin, output: child.stdout, close: () => child.kill() };
}

/** One request. HTTP/1.0: the answer is not chunked and ends with the connection. The body comes as an async iterable. */
async function request(method, path) {
  const { input, output, close } = await open();
  input.on('error', () => {});
  input.write(method + ' ' + path + ' HTTP/1.0\r\nHost: docker\r\nContent-Length: 0\r\n\r\n');
  const chunks = output[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let end = -1;
  while (end === -1) {
    const { value, done } = await chunks.next();
    if (done) throw new Error('the engine closed the connection');
    head = Buffer.concat([head, value]);
    end = head.indexOf('\r\n\r\n');
  }
  const status = Number(/^HTTP\/1\.\d (\d+)/.exec(head.subarray(0, end).toString('latin1'))?.[1] ?? 0);
  const first = head.subarray(end + 4);
  async function* body() {
    try {
      if (first.length > 0) yield first;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    } finally {
      close();
    }
  }
  return { status, body: body() };
}

async function text(body) {
  const all = [];
  for await (const chunk of body) all.push(chunk);
  return Buffer.concat(all).toString('utf8');
}

/** What the engine says of the container; null: it is gone. Asked for again while nobody answers. */
async function state() {
  for (let pause = 200; ; pause = Math.min(pause * 2, 5000)) {
    try {
      const { status, body } = await request('GET', '/containers/' + id + '/json');
      const answer = await text(body);
      if (status === 404) return null;
      if (status === 200) return JSON.parse(answer).State;
    } catch {
      // The engine is away: its containers may well be running.
    }
    await delay(pause);
  }
}

/** The log of the run: lines of the form that podman's conmon writes too. */
class Log {
  constructor() {
    this.fd = openSync(LOG, 'a+', 0o600);
    // What is there already, from a follower before: whole entries, and how many bytes of the job they hold.
    this.entries = 0;
    this.bytes = 0;
    this.recover();
  }

  recover() {
    const size = fstatSync(this.fd).size;
    const block = Buffer.alloc(65536);
    let rest = Buffer.alloc(0);
    let whole = 0;
    for (let at = 0; at < size; ) {
      const read = readSync(this.fd, block, 0, block.length, at);
      if (read === 0) break;
      at += read;
      rest = Buffer.concat([rest, block.subarray(0, read)]);
      for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
        // "time stream F bytes": the third field says whether the newline is the job's.
        const mark = rest.indexOf(0x20, rest.indexOf(0x20) + 1) + 1;
        this.bytes += end - mark - 2 + (rest[mark] === 0x46 ? 1 : 0);
        this.entries += 1;
        whole += end + 1;
        rest = rest.subarray(end + 1);
      }
    }
    if (whole < size) ftruncateSync(this.fd, whole);
  }

  write(time, stream, bytes) {
    const ends = bytes.at(-1) === NEWLINE;
    this.entries += 1;
    this.bytes += bytes.length;
    const line = [Buffer.from(time + ' ' + stream + (ends ? ' F ' : ' P ')), bytes];
    if (!ends) line.push(Buffer.from('\n'));
    this.put(Buffer.concat(line));
  }

  /** A full disk holds the copy back, not the job: docker keeps what is not fetched yet. */
  put(bytes) {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(this.fd, bytes, at);
      } catch (error) {
        if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT' && error.code !== 'EAGAIN') throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      }
    }
  }

  close() {
    closeSync(this.fd);
  }
}

/** Frames of a log without a terminal: stream, three zeroes, length, bytes. */
async function* frames(body) {
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= 8) {
      const length = rest.readUInt32BE(at + 4);
      if (rest.length - at - 8 < length) break;
      yield { stream: rest[at] === 2 ? 'stderr' : 'stdout', bytes: rest.subarray(at + 8, at + 8 + length) };
      at += 8 + length;
    }
    rest = rest.subarray(at);
  }
}

/** Copies what is not copied yet: the engine keeps its log in order, so as many entries as there are already are left out. */
async function copyEntries(log, follow) {
  const { status, body } = await request('GET', '/containers/' + id + '/logs?stdout=1&stderr=1&timestamps=1&follow=' + follow);
  if (status !== 200) throw new Error('status ' + status + ': ' + (await text(body)));
  let skip = log.entries;
  for await (const { stream, bytes } of frames(body)) {
    if (skip > 0) {
      skip -= 1;
      continue;
    }
    const space = bytes.indexOf(0x20);
    log.write(bytes.toString('latin1', 0, space), stream, bytes.subarray(space + 1));
  }
}

/** A terminal is copied as it comes, in pieces: a prompt has no newline. */
function copyPieces(log, chunk, skip) {
  const fresh = chunk.subarray(Math.min(skip, chunk.length));
  for (let at = 0; at < fresh.length; ) {
    const newline = fresh.indexOf(NEWLINE, at);
    const end = newline === -1 ? fresh.length : newline + 1;
    log.write(new Date().toISOString(), 'stdout', fresh.subarray(at, end));
    at = end;
  }
  return skip - (chunk.length - fresh.length);
}

async function copyTerminal(log, follow) {
  const { status, body } = await request('GET', '/containers/' + id + '/logs?stdout=1&stderr=1&follow=' + follow);
  if (status !== 200) throw new Error('status ' + status + ': ' + (await text(body)));
  let skip = log.bytes;
  for await (const chunk of body) skip = copyPieces(log, chunk, skip);
}

/** Starts the container. What the engine has against it goes to stderr. */
async function start() {
  try {
    const { status, body } = await request('POST', '/containers/' + id + '/start');
    const answer = await text(body);
    if (status < 300 || status === 304) return;
    let message = answer.trim();
    try {
      message = JSON.parse(message).message;
    } catch {
      // Said as text.
    }
    process.stderr.write('Error response from daemon: ' + message + '\n');
  } catch (error) {
    process.stderr.write('Cannot connect to the Docker daemon: ' + error.message + '\n');
  }
  process.exit(125);
}

async function tellPid() {
  const now = await state();
  process.stdout.write(String(now === null ? 0 : now.Pid) + '\n');
}

const log = new Log();
const copy = terminal === 'yes' ? copyTerminal : copyEntries;
if (task === 'start') {
  let attached = null;
  if (terminal === 'yes') {
    attached = await request('POST', '/containers/' + id + '/attach?stream=1&stdout=1&stderr=1');
    if (attached.status >= 300) {
      process.stderr.write('Error response from daemon: ' + (await text(attached.body)) + '\n');
      process.exit(125);
    }
  }
  await start();
  const told = tellPid();
  if (attached !== null) {
    try {
      for await (const chunk of attached.body) copyPieces(log, chunk, 0);
    } catch {
      // The engine is away; what follows is fetched from its log.
    }
  } else {
    await copy(log, 1).catch(() => {});
  }
  await told;
}
// Ended, or the engine has closed the connection: asked until the container has ended, or is gone.
for (;;) {
  const now = await state();
  if (now === null) break;
  const lives = now.Running || now.Paused || now.Restarting;
  try {
    await copy(log, lives ? 1 : 0);
    if (!lives) break;
  } catch {
    await delay(200);
  }
}
log.close();
process.exit(0);
`;
