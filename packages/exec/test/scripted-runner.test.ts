import { describe, expect, it } from 'vitest';

import { ScriptedRunner } from '../src/testing/index.ts';

describe('ScriptedRunner', () => {
  it('throws for a command that nobody expected, and again when it is verified', async () => {
    const runner = new ScriptedRunner().once({ program: 'tmux', args: ['-V'] }, { stdout: 'tmux 3.4\n' });
    await runner.run({ program: 'tmux', args: ['-V'] });
    await expect(runner.run({ program: 'tmux', args: ['-V'] })).rejects.toThrow('the script has no answer to: "tmux" "-V"');
    expect(() => { runner.verify(); }).toThrow('not expected: "tmux" "-V"');
  });

  it('says which expected command never came', async () => {
    const runner = new ScriptedRunner().once({ program: 'tmux', args: ['ls'] }).always({ program: 'ps' });
    expect(() => { runner.verify(); }).toThrow('never came: "tmux" "ls"');
    await runner.run({ program: 'tmux', args: ['ls'] });
    runner.verify();
  });

  it('answers in the order of the script, what always holds last', async () => {
    const runner = new ScriptedRunner()
      .always({ program: 'tmux' }, { stdout: 'always' })
      .once({ program: 'tmux', args: (args) => args.includes('ls') }, { stdout: '1' })
      .once({ program: 'tmux' }, { stdout: '2' });
    const texts: string[] = [];
    for (const args of [['ls'], ['ls'], ['ls'], []]) texts.push((await runner.run({ program: 'tmux', args })).stdout.text);
    expect(texts).toEqual(['1', '2', 'always', 'always']);
    expect(runner.calls.map((call) => call.args)).toEqual([['ls'], ['ls'], ['ls'], []]);
    runner.verify();
  });

  it('lets a script fail the test in which it runs', async () => {
    const runner = new ScriptedRunner().once({ program: 'x' }, () => Promise.reject(new RangeError('wrong input')));
    await expect(runner.run({ program: 'x' })).rejects.toThrow(new RangeError('wrong input'));
  });

  it('keeps secrets of an unexpected command out of the message', async () => {
    const runner = new ScriptedRunner();
    await expect(runner.run({ program: 'docker', args: ['run', '-e', 'KEY=hunter2 x'] })).rejects.toThrow('"KEY=[redacted]"');
  });
});
