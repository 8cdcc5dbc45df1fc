import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { describe, expect, it, onTestFinished } from 'vitest';

import { controlGroupUsage, processUsage, terminalSize } from '../src/index.ts';
import { until } from './until.ts';

describe('the usage of processes', () => {
  it('grows with what a process does, and tells its memory', async () => {
    const busy = spawn(process.execPath, ['-e', 'const block = Buffer.alloc(64 * 1024 * 1024, 1); process.stdout.write("up"); for (;;) block[0]++;'], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void busy.kill('SIGKILL'));
    await once(busy.stdout, 'data');
    const pid = busy.pid ?? 0;
    await until('it has worked for 200 ms', () => (processUsage([pid])[0]?.cpuMs ?? 0) >= 200);
    const [usage, ...others] = processUsage([pid, -1, 0, 2 ** 40]);
    expect(others).toEqual([]);
    expect(usage).toMatchObject({ pid });
    expect(usage?.memoryBytes).toBeGreaterThan(64 * 1024 * 1024);
    busy.kill('SIGKILL');
    await once(busy, 'exit');
    expect(processUsage([pid])).toEqual([]);
  });

  it('does not take the control group that we are in ourselves for one of a process', () => {
    expect(controlGroupUsage(process.pid)).toBeNull();
  });

  it.runIf(process.platform === 'linux')('knows the size of the terminal that a process has', async () => {
    expect(terminalSize(2 ** 30)).toBeNull();
    const script = spawn('script', ['-qec', 'stty rows 33 columns 77; echo $$; read line', '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void script.kill('SIGKILL'));
    let shown = '';
    script.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    await until('the shell says its pid', () => /\d+\r\n/.test(shown));
    const pid = Number.parseInt(shown, 10);
    expect(terminalSize(pid)).toEqual({ columns: 77, rows: 33 });
    // It is theirs as before: a second look finds the same.
    expect(terminalSize(pid)).toEqual({ columns: 77, rows: 33 });
    const ended = once(script, 'exit');
    script.stdin.write('\r');
    await ended;
  });
});
