/**
 * What copies the log of one container of docker into the run's folder: docker's own log cannot be read by its users and goes with the
 * container. Plain JavaScript, run by the Node that runs Longhaul: half the memory of docker's own client (README.md of the folder above).
 */
export const FOLLOW_SCRIPT: string = String.raw`// Longhaul: starts one container of docker and copies its log. In the run's folder.
// argv: endpoint (path of a socket, or "cli"), id, terminal (yes or no), what to do (start or resume), docker's client.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [endpoint, id, terminal, task, client] = process.argv.slice(2);
const LOG = 'output.cri';
const NEWLINE = 0x0a;
/** Bytes of each stream that are remembered: more than a daemon can have shown and not written. */
const TAIL = 65536;

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

/** How much of a log that was capped is a hole, and what of the job it held: the text of a link with the highest number. */
function droppedHead() {
  const numbers = readdirSync('.').flatMap((name) => /^dropped\.(\d+)$/.exec(name)?.[1] ?? []);
  if (numbers.length === 0) return { to: 0, bytes: { stdout: 0, stderr: 0 } };
  const link = readlinkSync('dropped.' + numbers.sort((a, b) => b - a)[0]);
  const [, to, stdout, stderr] = /^1 \d+ (\d+) e (\d+) (\d+)$/.exec(link) ?? [];
  if (to === undefined) throw new Error('what was dropped of the log cannot be read: ' + link);
  return { to: Number(to), bytes: { stdout: Number(stdout), stderr: Number(stderr) } };
}

/** The log of the run: lines of the form that podman's conmon writes too. */
class Log {
  constructor() {
    this.fd = openSync(LOG, 'a+', 0o600);
    // What is there already, from a follower before: bytes of the job, by stream.
    this.bytes = { stdout: 0, stderr: 0 };
    this.tail = { stdout: [], stderr: [] };
    this.held = { stdout: 0, stderr: 0 };
    this.recover();
  }

  recover() {
    const size = fstatSync(this.fd).size;
    const block = Buffer.alloc(65536);
    let rest = Buffer.alloc(0);
    const dropped = droppedHead();
    this.bytes = dropped.bytes;
    let whole = dropped.to;
    for (let at = dropped.to; at < size; ) {
      const read = readSync(this.fd, block, 0, block.length, at);
      if (read === 0) break;
      at += read;
      rest = Buffer.concat([rest, block.subarray(0, read)]);
      for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
        // "time stream F bytes": the third field says whether the newline is the job's.
        const stream = rest.indexOf(0x20) + 1;
        const mark = rest.indexOf(0x20, stream) + 1;
        const own = rest.subarray(mark + 2, rest[mark] === 0x46 ? end + 1 : end);
        this.remember(rest.toString('latin1', stream, mark - 1), own);
        whole += end + 1;
        rest = rest.subarray(end + 1);
      }
    }
    if (whole < size) ftruncateSync(this.fd, whole);
  }

  /** Counts what was written, and keeps the end of it to compare with. */
  remember(stream, piece) {
    this.bytes[stream] += piece.length;
    const parts = this.tail[stream];
    parts.push(Buffer.from(piece));
    this.held[stream] += piece.length;
    while (parts.length > 1 && this.held[stream] - parts[0].length >= TAIL) this.held[stream] -= parts.shift().length;
  }

  /** One entry for each line of a piece, and for what is left. */
  write(time, stream, piece) {
    const parts = [];
    for (let at = 0; at < piece.length; ) {
      const newline = piece.indexOf(NEWLINE, at);
      const end = newline === -1 ? piece.length : newline + 1;
      parts.push(Buffer.from(time + ' ' + stream + (newline === -1 ? ' P ' : ' F ')), piece.subarray(at, end));
      if (newline === -1) parts.push(Buffer.from('\n'));
      at = end;
    }
    this.remember(stream, piece);
    this.put(Buffer.concat(parts));
  }

  /** A full disk holds the copy back, and after a while the job: rather that than a line lost. */
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

/** Pieces of what the engine sends: with a terminal as they come, without in frames of stream, three zeroes, length, bytes. */
async function* pieces(body) {
  if (terminal === 'yes') {
    for await (const bytes of body) yield { stream: 'stdout', bytes };
    return;
  }
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

/** docker cuts long lines here, and says of the last part of one ("local" driver) not that a newline followed. */
const CUT = 16384;

/** What the engine's own log has, with the newlines that its driver drops. Without a terminal each entry has its time. */
async function* kept(follow) {
  const timed = terminal === 'yes' ? 0 : 1;
  const { status, body } = await request('GET', '/containers/' + id + '/logs?stdout=1&stderr=1&timestamps=' + timed + '&follow=' + follow);
  if (status !== 200) throw new Error('status ' + status + ': ' + (await text(body)));
  const owed = { stdout: false, stderr: false };
  for await (const { stream, bytes } of pieces(body)) {
    if (timed === 0) {
      yield { time: new Date().toISOString(), stream, bytes };
      continue;
    }
    const space = bytes.indexOf(0x20);
    const time = bytes.toString('latin1', 0, space);
    const own = bytes.subarray(space + 1);
    if (owed[stream]) yield { time, stream, bytes: Buffer.from('\n') };
    yield { time, stream, bytes: own };
    owed[stream] = own.at(-1) !== NEWLINE && own.length < CUT;
  }
}

/**
 * Copies what is not copied yet: the engine keeps its log in order, so as many bytes as there are already are left out. A daemon that was
 * killed may have shown us lines that never came into its log: where its lines are no longer ours, they are new.
 */
async function copyRest(log, follow) {
  const had = { ...log.bytes };
  const tail = { stdout: Buffer.concat(log.tail.stdout), stderr: Buffer.concat(log.tail.stderr) };
  const at = { stdout: 0, stderr: 0 };
  for await (const { time, stream, bytes } of kept(follow)) {
    const begin = at[stream];
    at[stream] += bytes.length;
    const shared = Math.max(0, Math.min(bytes.length, had[stream] - begin));
    const differs = firstDifference(bytes.subarray(0, shared), tail[stream], begin - (had[stream] - tail[stream].length));
    if (differs === -1) {
      if (shared < bytes.length) log.write(time, stream, bytes.subarray(shared));
      continue;
    }
    had[stream] = 0;
    log.write(time, stream, bytes.subarray(differs === 0 ? 0 : bytes.lastIndexOf(NEWLINE, differs - 1) + 1));
  }
}

/** Where bytes are not what stands at this place of the end that we remember; -1 where they are, or nobody remembers. */
function firstDifference(bytes, tail, place) {
  for (let index = Math.max(0, -place); index < bytes.length; index += 1) if (bytes[index] !== tail[place + index]) return index;
  return -1;
}

function refuse(message) {
  process.stderr.write(message + '\n');
  process.exit(125);
}

/** A request whose answer decides whether there is a job. What the engine has against it goes to stderr. */
async function must(method, path) {
  let answer;
  try {
    answer = await request(method, path);
  } catch (error) {
    return refuse('Cannot connect to the Docker daemon: ' + error.message);
  }
  if (answer.status < 300 || answer.status === 304) return answer;
  let message = (await text(answer.body)).trim();
  try {
    message = JSON.parse(message).message;
  } catch {
    // Said as text.
  }
  return refuse('Error response from daemon: ' + message);
}

/** Starts the container and copies what it prints. Whether the engine was there from the start to the end of it, so that nothing can be missing. */
async function runWhole(log) {
  // Both before the start: neither the first byte nor the end of a job of a millisecond is missed.
  const attached = await must('POST', '/containers/' + id + '/attach?stream=1&stdout=1&stderr=1');
  const waited = await must('POST', '/containers/' + id + '/wait?condition=next-exit');
  const witness = text(waited.body).then((answer) => typeof JSON.parse(answer).StatusCode === 'number').catch(() => false);
  await text((await must('POST', '/containers/' + id + '/start')).body);
  const told = state().then((now) => process.stdout.write(String(now === null ? 0 : now.Pid) + '\n'));
  try {
    for await (const { stream, bytes } of pieces(attached.body)) log.write(new Date().toISOString(), stream, bytes);
  } catch {
    // The engine is away; what follows is fetched from its log.
  }
  await told;
  return await witness;
}

const log = new Log();
if (task !== 'start' || !(await runWhole(log))) {
  // The engine was away, or another follower before: asked until the container has ended, or is gone.
  for (let lives = true; lives; ) {
    const now = await state();
    if (now === null) break;
    lives = now.Running || now.Paused || now.Restarting;
    await copyRest(log, lives ? 1 : 0).catch(() => {
      lives = true;
    });
    if (lives) await delay(200);
  }
}
log.close();
process.exit(0);
`;
