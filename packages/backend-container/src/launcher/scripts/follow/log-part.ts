/** The log of the run as follow.mjs writes it: entries, what is there already, gaps. Part of `FOLLOW_SCRIPT`, which has the imports and constants. */
export const RUN_LOG: string = String.raw`/** How much of a log that was capped is a hole, and what of the job it held: the text of a link with the highest number. */
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

  /** Says that output may be missing behind what is there now: what the job printed since that moment; and whether nobody saw the end of the container. */
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

`;
