/**
 * What copies the log of one container of docker into the run's folder: docker's own log cannot be read by its users and goes with the
 * container. Plain JavaScript, run by the Node that runs Longhaul: half the memory of docker's own client (README.md of the folder above).
 */
export const FOLLOW_SCRIPT: string = String.raw`// Longhaul: starts one container of docker and copies its log. In the run's folder.
// argv: endpoint (path of a socket, or "cli"), id, terminal (yes or no), what to do (start or resume), docker's client, pid of the launcher.
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [endpoint, id, terminal, task, client, launcher] = process.argv.slice(2);
const LOG = 'output.cri';
/** Where output of the job may be missing from the log, one line of JSON each. */
const GAPS = 'gaps';
/** There once the log has all that the engine had: a follower that comes later has nothing to do. */
const FOLLOWED = 'followed';
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
  const lines = head.subarray(0, end).toString('latin1');
  const status = Number(/^HTTP\/1\.\d (\d+)/.exec(lines)?.[1] ?? 0);
  const date = Date.parse(/^date: (.+)$/im.exec(lines)?.[1] ?? '');
  const first = head.subarray(end + 4);
  async function* body() {
    try {
      if (first.length > 0) yield first;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    } finally {
      close();
    }
  }
  return { status, date, body: body(), close };
}

async function text(body) {
  const all = [];
  for await (const chunk of body) all.push(chunk);
  return Buffer.concat(all).toString('utf8');
}

/** Asked again while nobody answers: the engine is away, and its containers may well be running. */
async function insist(ask) {
  for (let pause = 200; ; pause = Math.min(pause * 2, 5000)) {
    try {
      return await ask();
    } catch {
      await delay(pause);
    }
  }
}

/** What the engine says of the container, and its time; null: it is gone. */
async function inspect() {
  const { status, date, body } = await request('GET', '/containers/' + id + '/json');
  const answer = await text(body);
  if (status === 404) return null;
  if (status !== 200) throw new Error('status ' + status + ': ' + answer);
  return { ...JSON.parse(answer).State, date };
}

/** Whether the engine said how the container ended, after it was asked to wait for that: only one that was there all the time does. */
async function saidEnd(body) {
  try {
    return typeof JSON.parse(await text(body)).StatusCode === 'number';
  } catch {
    return false;
  }
}

/** The engine as soon as it answers: what it says of the container, and whether it will have been there until that has ended. */
function meet() {
  return insist(async () => {
    const waited = await request('POST', '/containers/' + id + '/wait?condition=not-running');
    try {
      return { now: await inspect(), witness: saidEnd(waited.body), leave: waited.close };
    } catch (error) {
      waited.close();
      throw error;
    }
  });
}

/**
 * What the engine that answers now has seen of the container, by its memory of events: who saw the start has read all that the job printed,
 * who saw only the end has read what was printed last. One that was started since knows of neither; nor does one with too much to remember.
 */
async function seenBy({ StartedAt, date }) {
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'], container: [id], event: ['start', 'die'] }));
  const since = Math.floor(Date.parse(StartedAt) / 1000) - 1;
  try {
    // Its time is told in whole seconds, and it tells of an end a moment after it knows.
    const { body } = await request('GET', '/events?since=' + since + '&until=' + (Math.floor(date / 1000) + 2) + '&filters=' + filters);
    const lines = (await text(body)).split('\n').filter((line) => line !== '');
    return new Set(lines.map((line) => JSON.parse(line).Action));
  } catch {
    return new Set();
  }
}

/** Why output may be missing that was printed since the engine was last seen; null where none can be. */
async function lossSince(now) {
  if (now === null) return 'container-gone';
  const seen = await seenBy(now);
  if (seen.has('start')) return null;
  return isAlive(now) || seen.has('die') ? 'engine-away' : 'engine-away-at-end';
}

function isAlive({ Running, Paused, Restarting }) {
  return Running || Paused || Restarting;
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

  /** Says that output may be missing behind what is there now: what the job printed since that moment; and whether the container had ended when this was found. */
  gap(from, why, ended) {
    const fd = openSync(GAPS, 'a', 0o600);
    this.put(Buffer.from(JSON.stringify({ schemaVersion: 1, at: fstatSync(this.fd).size, from, to: new Date().toISOString(), why, ended }) + '\n'), fd);
    closeSync(fd);
  }

  /** When something was written last. */
  writtenAt() {
    return fstatSync(this.fd).mtime.toISOString();
  }

  /** A full disk holds the copy back, and after a while the job: rather that than a line lost. */
  put(bytes, fd = this.fd) {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(fd, bytes, at);
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
  if (answer.status < 300) return answer;
  return refuse(refusal(await text(answer.body)));
}

/** What the engine has against it, in its words. */
function refusal(answer) {
  let message = answer.trim();
  try {
    message = JSON.parse(message).message;
  } catch {
    // Said as text.
  }
  return 'Error response from daemon: ' + message;
}

/** An engine that goes away while it is told to start the container may have done so: it is asked once it is back. */
async function start() {
  const path = '/containers/' + id + '/start';
  const answer = await request('POST', path).then(({ status, body }) => text(body).then((message) => ({ status, message }))).catch(() => null);
  if (answer === null) {
    const now = await insist(inspect);
    if (now === null || now.Status === 'created') refuse('Cannot connect to the Docker daemon: it went away before it started the container');
  } else if (answer.status >= 300 && answer.status !== 304) refuse(refusal(answer.message));
}

/** How long the engine may take from the end of the output to its word that the container has ended, before it is asked. */
const WORD_MS = 2000;

/** Starts the container and copies what it prints. null where the engine was there from the start to the end of it, so that nothing can be missing; else when that was not sure any more. */
async function runWhole(log) {
  // Both before the start: neither the first byte nor the end of a job of a millisecond is missed.
  const attached = await must('POST', '/containers/' + id + '/attach?stream=1&stdout=1&stderr=1');
  const waited = await must('POST', '/containers/' + id + '/wait?condition=next-exit');
  const witness = saidEnd(waited.body);
  await start();
  const told = insist(inspect).then((now) => process.stdout.write(String(now === null ? 0 : now.Pid) + '\n'));
  try {
    for await (const { stream, bytes } of pieces(attached.body)) log.write(new Date().toISOString(), stream, bytes);
  } catch {
    // The engine is away; what follows is fetched from its log.
  }
  const since = new Date().toISOString();
  await told;
  // A connection that broke by itself ends like one of a container that ended.
  const isWhole = await Promise.race([witness, delay(WORD_MS, false)]);
  waited.close();
  return isWhole ? null : since;
}

/** Copies until the container has ended, or is gone, from the engine's own log; says where that may lack something. */
async function followOn(log, from) {
  for (let since = from; ; ) {
    const { now, witness, leave } = await meet();
    const lives = now !== null && isAlive(now);
    const loss = since === null && now !== null ? null : await lossSince(now);
    if (loss !== null) log.gap(since ?? log.writtenAt(), loss, !lives);
    const isCopied = now !== null && (await copyRest(log, lives ? 1 : 0).then(() => true, () => false));
    since = new Date().toISOString();
    // Where it lives, the engine's log ends with it or with the engine: that one says which it was. A log that ended for no reason is read on.
    if (lives && (await Promise.race([witness, delay(WORD_MS, true)]))) since = null;
    // It had ended when the engine was there: all that it printed is in the engine's log by then.
    if (now !== null && !lives) since = null;
    leave();
    if (now === null || (!lives && isCopied)) return;
    await delay(200);
  }
}

/**
 * Two that copy at once would double lines. Whoever goes on for a launcher that was killed finds this process by follow.pid, which the launcher
 * writes: until it has, nothing is touched, and where it never will, this process ends. On a full disk it cannot: two seconds are enough.
 */
async function known() {
  for (let tries = 0; tries < 400; tries += 1) {
    const isAlone = process.ppid !== Number(launcher);
    if (existsSync('follow.pid') && readFileSync('follow.pid', 'latin1').startsWith(process.pid + ' ')) return;
    if (isAlone) process.exit(1);
    await delay(5);
  }
}

await known();
// Whoever reads it may have been killed: the copy goes on.
process.stdout.on('error', () => {});
const log = new Log();
if (!existsSync(FOLLOWED)) {
  // Where another followed before: what happened since it wrote last, nobody has seen.
  const since = task === 'start' ? await runWhole(log) : log.writtenAt();
  if (since !== null) await followOn(log, since);
  try {
    writeFileSync(FOLLOWED, '');
  } catch {
    // A full disk: whoever follows next compares once more.
  }
}
log.close();
process.exit(0);
`;
