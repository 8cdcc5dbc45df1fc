/** How follow.mjs takes the container's output from the engine's own log, behind what the run's log has already. Part of `FOLLOW_SCRIPT`, which has the imports and constants. */
export const COPY_LOG: string = String.raw`/** Pieces of what the engine sends: with a terminal as they come, without in frames of stream, three zeroes, length, bytes. */
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

`;
