/** What follow.mjs asks of the engine, and what it concludes from the answers: HTTP over the engine's socket, or what docker's client carries. Part of `FOLLOW_SCRIPT`, which has the imports and constants. */
export const ASK_ENGINE: string = String.raw`/** One connection to the engine: its socket, or what docker's client carries to wherever its context leads. */
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

`;
