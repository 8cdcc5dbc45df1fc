import { readRunLog } from '@longhaul/sessions';
import { expect, it } from 'vitest';

import { describeBoth } from './both-engines.ts';
import { containerBed, ended, logHas, logOf, sh } from './container-bed.ts';

describeBoth('the log of a container', (engine) => {
  it('has stdout and stderr apart where there is no terminal', async () => {
    const bed = await containerBed(engine());
    const { run } = await bed.start('apart', sh('echo out 1; echo err 1 >&2; printf "out 2"; printf "err 2" >&2'));
    await ended(bed, run);
    expect(await logOf(run)).toMatchObject({ stdout: 'out 1\nout 2', stderr: 'err 1\nerr 2', terminal: '' });
  });

  it('is one stream with a terminal, a prompt without a newline in it, and can be typed into', async () => {
    const bed = await containerBed(engine());
    const { run, status } = await bed.start('typed', sh('stty -echo; printf "name? "; IFS= read -r line; printf "<%s>\\n" "$line"; trap "echo caught; exit 6" INT; echo waiting; while :; do sleep 0.1; done'), { container: { terminal: 'yes' } });
    expect(status.state).toBe('running');
    await logHas(run, 'name? ');
    await bed.backend.send('typed', { text: '-x; $HOME \'"ü\n' });
    await logHas(run, 'waiting');
    await bed.backend.send('typed', { keys: ['C-c'] });
    expect(await ended(bed, run)).toMatchObject({ state: 'exited', exitCode: 6, stoppedBy: null });
    expect(await logOf(run)).toMatchObject({ stdout: '', stderr: '' });
    expect((await logOf(run)).terminal.replaceAll('\r', '')).toMatch(/^name\? <-x; \$HOME '"ü>\nwaiting\n(?:\^C)?caught\n$/);
  });

  it('keeps every byte of long lines, of characters that are written in two pieces, and of what is no text', async () => {
    const bed = await containerBed(engine());
    // 火 is e7 81 ab; its bytes come with a pause between them, and again at the edge of what engines read at a time.
    const { run } = await bed.start('bytes', sh('printf "\\347"; sleep 0.2; printf "\\201\\253\\n"; i=0; while [ $i -lt 12000 ]; do printf "a\\347\\201\\253"; i=$((i + 1)); done; printf "\\n\\000\\001\\377\\r\\n"'));
    await ended(bed, run);
    const chunks: Uint8Array[] = [];
    for await (const { bytes } of readRunLog(run)) chunks.push(bytes);
    const expected = Buffer.concat([Buffer.from(`火\n${'a火'.repeat(12_000)}\n`), Buffer.from([0, 1, 0xff, 0x0d, 0x0a])]);
    expect(Buffer.concat(chunks).equals(expected)).toBe(true);
  });

  it('goes on where an earlier reader ended, and knows times', async () => {
    const bed = await containerBed(engine());
    const { run } = await bed.start('times', sh('echo before; sleep 1.5; date -u +%Y-%m-%dT%H:%M:%SZ; sleep 1.5; echo after'));
    await ended(bed, run);
    let first: number | null = null;
    for await (const { endOffset } of readRunLog(run, { lines: 3 })) first ??= endOffset;
    const [, moment = ''] = (await logOf(run)).all.split('\n');
    const since: Uint8Array[] = [];
    for await (const { bytes } of readRunLog(run, { since: new Date(moment) })) since.push(bytes);
    // The second is cut off in what the job said.
    expect(Buffer.concat(since).toString()).toBe(`${moment}\nafter\n`);
    expect(first).toBeGreaterThan(0);
  });

  it('has a folder of its own for programs that write log files', async () => {
    const bed = await containerBed(engine());
    const { run } = await bed.start('files', sh('echo kept > /var/log/app.log'), { container: { logVolume: '/var/log' } });
    expect(await ended(bed, run)).toMatchObject({ exitCode: 0 });
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(`${run.path}/logs/app.log`, 'utf8')).toBe('kept\n');
  });
});
