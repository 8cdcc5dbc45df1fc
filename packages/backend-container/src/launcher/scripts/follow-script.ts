import { COPY_LOG } from './follow/copy-part.ts';
import { ASK_ENGINE } from './follow/engine-part.ts';
import { RUN_LOG } from './follow/log-part.ts';

const HEAD = String.raw`// Longhaul: starts one container of docker and copies its log. In the run's folder.
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

`;

const MAIN = String.raw`function refuse(message) {
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
    // An engine that was back before the end saw it, and knows the code.
    if (loss !== null) log.gap(since ?? log.writtenAt(), loss, !lives && loss !== 'engine-away');
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

/**
 * What copies the log of one container of docker into the run's folder: docker's own log cannot be read by its users and goes with the
 * container. Plain JavaScript, run by the Node that runs Longhaul: half the memory of docker's own client (README.md of the folder above).
 */
export const FOLLOW_SCRIPT: string = `${HEAD}${ASK_ENGINE}${RUN_LOG}${COPY_LOG}${MAIN}`;
