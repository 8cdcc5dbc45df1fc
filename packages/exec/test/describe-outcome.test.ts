import { describe, expect, it } from 'vitest';

import { describeOutcome } from '../src/index.ts';
import type { ScriptedReply } from '../src/testing/index.ts';
import { ScriptedRunner } from '../src/testing/index.ts';

async function described(reply: ScriptedReply, timeoutMs?: number): Promise<string> {
  const outcome = await new ScriptedRunner().once({ program: 'tmux' }, reply).run({ program: 'tmux', timeoutMs });
  return describeOutcome(outcome, ['opensesame']);
}

describe('describeOutcome', () => {
  it('says in one line what became of the program, with the last thing it said', async () => {
    expect(await described({ exitCode: 1, stderr: 'warning\nno server running on /tmp/x\n\n' })).toBe('tmux exited with code 1: no server running on /tmp/x');
    expect(await described({ signal: 'SIGSEGV' })).toBe('tmux was ended by SIGSEGV');
    expect(await described({ hangsUntil: 'signal' }, 5)).toBe('tmux was ended after 5 ms without an end');
    expect(await described({ kind: 'notFound' })).toBe('tmux was not found');
    expect(await described({ kind: 'spawnFailed', errno: 'EACCES', reason: 'it may not be executed' })).toBe('tmux could not be started (EACCES): it may not be executed');
  });

  it('keeps secrets out of it, and a flood', async () => {
    const said = await described({ exitCode: 1, stderr: `opensesame https://me:pw@host ${'x'.repeat(1000)}` });
    expect(said).toContain('[redacted] https://me:[redacted]@host');
    expect(said.length).toBeLessThan(500);
  });
});
