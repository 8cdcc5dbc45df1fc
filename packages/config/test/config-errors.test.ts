import { writeFileSync } from 'node:fs';

import type { LonghaulError } from '@longhaul/errors';
import { ConfigError } from '@longhaul/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readConfigFile } from '../src/file-layer.ts';
import { projectFolder } from './project-folder.ts';

async function errorOf(text: string): Promise<ConfigError> {
  const file = projectFolder().write('project/longhaul.yaml', text);
  try {
    await readConfigFile({ kind: 'project', file });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

interface Fault {
  readonly what: string;
  readonly text: string;
  readonly at: `${number}:${number}`;
  readonly says: RegExp;
  readonly fix: RegExp;
}

const FAULTS: readonly Fault[] = [
  { what: 'a misspelt key of a session', text: 'sessions:\n  a:\n    comand: [x]\n', at: '3:5', says: /unknown key "comand" in sessions\.a/, fix: /did you mean command\?/ },
  { what: 'a misspelt key of a destination', text: 'destinations:\n  n: { type: rsync_ssh, target: a@b, path: p, sshkey: k }\n', at: '2:47', says: /unknown key "sshkey"/, fix: /sshKey/ },
  { what: 'a key that resembles nothing', text: 'zzz: 1\n', at: '1:1', says: /unknown key "zzz"/, fix: /known here: sessions, destinations/ },
  { what: 'a missing value', text: 'destinations:\n  n:\n    type: rsync_ssh\n    path: p\n', at: '3:5', says: /destinations\.n\.target is missing/, fix: /^$/ },
  { what: 'an unknown type', text: 'destinations:\n  n: { type: ftp, path: p }\n', at: '2:14', says: /destinations\.n\.type is not a type/, fix: /rsync_ssh/ },
  { what: 'no type', text: 'destinations:\n  n: { path: p }\n', at: '2:6', says: /destinations\.n\.type is missing/, fix: /add type/ },
  { what: 'a number where a text must be', text: 'sessions:\n  a:\n    env: { N: 1 }\n', at: '3:15', says: /sessions\.a\.env\.N must be a text, it is a number/, fix: /quotes/ },
  { what: 'a bad duration', text: 'reclaim:\n  minAge: 24 hours\n', at: '2:11', says: /reclaim\.minAge must be a duration/, fix: /^$/ },
  { what: 'a time that is none', text: 'destinations:\n  n: { type: local, path: p, bandwidth: { windows: [{ from: "8:00", to: "18:00", uploadMbps: 1 }] } }\n', at: '2:61', says: /from must be a time of day/, fix: /^$/ },
  { what: 'an empty window', text: 'destinations:\n  n: { type: local, path: p, bandwidth: { windows: [{ from: "08:00", to: "08:00", uploadMbps: 1 }] } }\n', at: '2:74', says: /to is empty: from and to are the same/, fix: /^$/ },
  { what: 'a timeout that would end every transfer', text: 'worker:\n  stallTimeout: 10ms\n', at: '2:17', says: /stallTimeout must be a duration from 1s/, fix: /^$/ },
  { what: 'a port out of range', text: 'destinations:\n  n: { type: rsync_ssh, target: a@b, path: p, port: 70000 }\n', at: '2:53', says: /port must be at most 65535/, fix: /^$/ },
  { what: 'a target that ssh would read as an option', text: 'destinations:\n  n: { type: rsync_ssh, target: -oProxyCommand=x, path: p }\n', at: '2:33', says: /target must be user@host/, fix: /^$/ },
  { what: 'a name that cannot be used', text: 'sessions:\n  a b: { command: [x] }\n', at: '2:3', says: /cannot be a name/, fix: /A-Z a-z/ },
  { what: 'a key given twice', text: 'tmux: { socket: a }\ntmux: { socket: b }\n', at: '2:1', says: /stands twice/, fix: /remove/ },
  { what: 'a quote that is not closed', text: 'sessions:\n  a:\n    command: "x\n', at: '4:1', says: /missing/, fix: /close/ },
  { what: 'a tab as indentation', text: 'sessions:\n\ta: 1\n', at: '2:1', says: /tab|indent/i, fix: /spaces/ },
  { what: 'a list as the whole file', text: '- a\n', at: '1:1', says: /the file must be a map/, fix: /^$/ },
];

describe('an error names file, line, column and the fix for', () => {
  it.each(FAULTS)('$what', async ({ text, at, says, fix }) => {
    const error = await errorOf(text);
    expect(error.message).toMatch(says);
    expect(`${String(error.line)}:${String(error.column)}`).toBe(at);
    expect(error.message).toMatch(new RegExp(`longhaul\\.yaml:${at}: `));
    expect(error.hint ?? '').toMatch(fix);
  });
});

it('finds the line of a value behind an alias', async () => {
  expect(await errorOf('tmux: &x { socket: 5 }\nstop: *x\n')).toMatchObject({ line: 1, column: 20 });
});

it('refuses a bomb of aliases without building it', async () => {
  const levels = Array.from({ length: 30 }, (_, i) => `a${String(i)}: &a${String(i)} [${Array.from({ length: 9 }, () => (i === 0 ? 'x' : `*a${String(i - 1)}`)).join(', ')}]`);
  expect((await errorOf(levels.join('\n'))).message).toMatch(/alias/);
});

const SECRET = 'hunter2-S3CRET';

/** Ways in which a file can be wrong with a secret in it. */
const WITH_SECRET = [
  `sessions: { a: { env: { TOKEN=${SECRET}: } } }`,
  `sessions: { a: { env: { ${SECRET} } } }`,
  `sessions:\n  a:\n    env:\n      TOKEN: "${SECRET}\n`,
  `sessions:\n  a:\n    env:\n      TOKEN: ${SECRET}: x\n`,
  `sessions: { a: { env: [TOKEN=${SECRET}] } }`,
  `sessions: { a: { env: { T: *${SECRET} } } }`,
  `sessions: { a: { env: { T: [${SECRET}] } } }`,
  `sessions: { a: { passEnv: ["A=${SECRET}"] } }`,
  `sessions: { a: { env: { T: !!${SECRET} x } } }`,
  `%${SECRET}\n---\n[`,
  `destinations: { n: { type: "${SECRET}" } }`,
  `TOKEN=${SECRET}: 1`,
];

it.each(WITH_SECRET)('keeps the secret out of the error for: %s', async (text) => {
  const error: LonghaulError = await errorOf(text);
  expect(JSON.stringify(error)).not.toContain(SECRET);
  expect(`${error.message} ${error.hint ?? ''} ${error.stack ?? ''}`).not.toContain(SECRET);
});

it('never fails otherwise than by a ConfigError, whatever the file holds', async () => {
  const file = projectFolder().write('project/longhaul.yaml', '');
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[a-z:\-\s[\]{}&*!|>'"%@#,?~\t\n]{0,60}$/),
    fc.json(),
    fc.constantFrom('sessions', 'destinations', 'tmux').chain((key) => fc.jsonValue().map((value) => JSON.stringify({ [key]: value }))),
  );
  await fc.assert(
    fc.asyncProperty(text, async (content) => {
      const folder = file;
      try {
        await readConfigText(folder, content);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
    { numRuns: 300 },
  );
});

async function readConfigText(file: string, text: string): Promise<void> {
  writeFileSync(file, text);
  await readConfigFile({ kind: 'project', file });
}
