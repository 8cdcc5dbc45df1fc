import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LonghaulError, redact, redactArgv, TransportError } from '../src/index.ts';
import { SECRET_RULES } from '../src/secret-rules.ts';

const REDACTED = '[redacted]';
/** Quoted as a shell needs it. */
const quoted = (value: string): string => `'${value.replaceAll("'", String.raw`'\''`)}'`;
const doubleQuoted = (value: string): string => `"${value.replace(/["\\$`]/g, String.raw`\$&`)}"`;

/** Passwords that people and machines make. The marks at both ends show a secret of which only a part was taken out. */
const chars = (alphabet: string) => fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), minLength: 10, maxLength: 40 }).map((value) => `S3${value}9E`);
const token = chars('abcXYZ0189-_.~+/=');
const word = chars('abcXYZ0189-_.~+/=@:!$%&*()[]{}|;,<>^');
const urlPassword = chars('abcXYZ0189-_.~+=@:!$%&*();,^');
const anything = chars(`abcXYZ0189-_.~+/=@:!$%&*()[]{}|;,<>^ \t\n"'\\é🚚`);

const PLACES: readonly (readonly [string, fc.Arbitrary<string>, (secret: string) => string])[] = [
  ['a URL', urlPassword, (secret) => `cannot reach sftp://lab:${secret}@nas.example:22/volume1 (timeout)`],
  ['a URL whose password holds a slash', urlPassword, (secret) => `https://lab:x/${secret}@nas.example/path`],
  ['an http URL with nothing but a token', token.map((value) => value.replaceAll('/', '')), (secret) => `fatal: https://${secret}@github.com/x.git`],
  ['-e KEY=VALUE', word, (secret) => `docker run -e API=${secret} image`],
  ['-e KEY=VALUE in single quotes', anything, (secret) => `docker run -e API=${quoted(secret)} image`],
  ['-e KEY=VALUE quoted whole', anything, (secret) => `docker run -e ${doubleQuoted(`API=${secret}`)} image`],
  ['-eKEY=VALUE', word, (secret) => `docker run -eAPI=${secret} image`],
  ['--env=KEY=VALUE', word, (secret) => `podman run --env=API=${secret} image`],
  ['an argv printed as JSON', anything, (secret) => JSON.stringify(['docker', 'run', '-e', `API=${secret}`, 'image'])],
  ['a header', token, (secret) => `> Authorization: Bearer ${secret}\n> Accept: */*`],
  ['a basic header', token, (secret) => `authorization: Basic ${secret}`],
  ['a bearer token alone', token, (secret) => `rejected Bearer ${secret}`],
  ['a cookie', token, (secret) => `Set-Cookie: sid=${secret}; Path=/`],
  ['a JSON document', anything, (secret) => JSON.stringify({ user: 'lab', password: secret, port: 22 })],
  ['a setting', word, (secret) => `RCLONE_CONFIG_NAS_PASS=${secret} rclone lsd nas:`],
  ['a variable of AWS', anything, (secret) => `export AWS_SECRET_ACCESS_KEY=${quoted(secret)}; aws s3 ls`],
  ['a flag with its value after it', word, (secret) => `mysqldump --password ${secret} db`],
  ['a flag with its value behind =', anything, (secret) => `tool --api-token=${doubleQuoted(secret)} go`],
  ['a line of YAML', word, (secret) => `config.yaml: password: ${secret}`],
  ['a signed address', token, (secret) => `GET https://b.s3.example/k?X-Amz-Signature=${secret.replaceAll("+", "%2B")}&x=1`],
];

describe('redact', () => {
  it.each(PLACES)('takes a secret out of %s', (_place, secrets, write) => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const redacted = redact(write(secret));
        expect(redacted).toContain(REDACTED);
        expect(redacted).not.toMatch(/S3|9E/);
      }),
    );
  });

  it.each(PLACES)('changes nothing more when it is applied again to %s', (_place, secrets, write) => {
    fc.assert(fc.property(secrets, (secret) => { expect(redact(redact(write(secret)))).toBe(redact(write(secret))); }));
  });

  it('takes a text with no separator and less than the shortest token for what it is: no rule would find anything in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019-_./@"\'[]{}?&,AKIAghp_xoxbeyJsknpm')), maxLength: 14 }), (text) => {
        const found = SECRET_RULES.filter(({ pattern }) => text.search(pattern) !== -1);
        expect(found).toEqual([]);
      }),
      { numRuns: 2000 },
    );
    expect(redact('xoxb-1234567890')).toBe(REDACTED);
  });

  it('takes known values out wherever they stand, in the forms in which tools print them', () => {
    const surroundings = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(anything, surroundings, surroundings, (secret, before, after) => {
        const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret), Buffer.from(secret).toString('base64')];
        const redacted = redact(before + forms.join(after) + after, [secret, 'x', '']);
        for (const form of forms) expect(redacted).not.toContain(form);
      }),
    );
  });

  it('takes the longer of two secrets first, and each line of a key', () => {
    expect(redact('opensesame-and-more opensesame', ['opensesame', 'opensesame-and-more'])).toBe(`${REDACTED} ${REDACTED}`);
    expect(redact('stderr: line2line2line2', ['line1line1line1\nline2line2line2\n'])).toBe(`stderr: ${REDACTED}`);
  });

  it('takes tokens out that are known by their shape', () => {
    const tokens = [`ghp_${'a1B2'.repeat(9)}`, 'AKIAIOSFODNN7EXAMPLE', `glpat-${'x'.repeat(20)}`, `xoxb-${'1'.repeat(12)}`, `npm_${'z'.repeat(36)}`, 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl'];
    for (const value of tokens) expect(redact(`said (${value}) and ended`)).toBe(`said (${REDACTED}) and ended`);
    expect(redact('-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----\nrest')).toBe(`${REDACTED}\nrest`);
    expect(redact('-----BEGIN RSA PRIVATE KEY-----\nabc')).toBe(REDACTED);
  });

  it.each([
    'lab@nas.example: Permission denied (publickey,password).',
    'ssh://lab@nas:22/volume1: connection refused',
    'http://localhost:8080/@scope/package not found',
    "couldn't fetch token: invalid_grant",
    'tmux -L longhaul new-session -d -s train -x 80',
    'rsync -e ssh -aHS --files-from=- ./ lab@nas:/volume1/lab',
    'session "token-experiment" was not found (tmux)',
    'Enter passphrase for key /home/lab/.ssh/id_ed25519:',
    'started at 2025-11-21T10:00:00.000Z, path /a/b=c, 50% done; key: value',
  ])('leaves alone what is none: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('takes time in proportion to the text', () => {
    // Each would take minutes if a pattern looked at the same characters again and again.
    const texts = ['password'.repeat(20_000), 'a://'.repeat(40_000), `-e A=${"'".repeat(100_000)}`, '-----BEGIN PRIVATE KEY-----'.repeat(5000), 'x'.repeat(200_000), `token: ${'a'.repeat(200_000)}`, 'https://a:'.repeat(20_000), '--'.repeat(100_000), `-e A=${'\\'.repeat(100_001)}`];
    for (const text of texts) expect(typeof redact(text)).toBe('string');
  });
});

describe('redactArgv', () => {
  it('takes values out of a command line, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }).map((value) => `S3CRET${value}`), (secret) => {
        const argv = ['docker', 'run', '-e', `A=${secret}`, '--env', `B_2=${secret}`, `--env=C=${secret}`, `-eD=${secret}`, '--password', secret, `--token=${secret}`, 'image'];
        const redacted = redactArgv(argv);
        expect(redacted.join('\0')).not.toContain('S3CRET');
        expect(redacted).toHaveLength(argv.length);
      }),
    );
  });

  it('says which variables were set, and leaves everything else as it was', () => {
    expect(redactArgv(['env', '-i', 'PATH=/bin', 'sh', '-c', 'A=1'])).toEqual(['env', '-i', `PATH=${REDACTED}`, 'sh', '-c', 'A=1']);
    expect(redactArgv(['docker', 'run', '-e', 'KEY', '-e', 'K=v', '-v', '/a:/b'])).toEqual(['docker', 'run', '-e', 'KEY', '-e', `K=${REDACTED}`, '-v', '/a:/b']);
    expect(redactArgv(['rsync', '-e', 'ssh -i key', 'a', 'b@c:d'])).toEqual(['rsync', '-e', 'ssh -i key', 'a', 'b@c:d']);
    expect(redactArgv(['tool', 'https://u:p@h', 'opensesame'], ['opensesame'])).toEqual(['tool', `https://u:${REDACTED}@h`, REDACTED]);
  });
});

describe('an error', () => {
  it('shows a planted secret nowhere: message, hint, context, stack, JSON, print', async () => {
    const { inspect } = await import('node:util');
    fc.assert(
      fc.property(anything, (secret) => {
        const cause = Object.assign(new Error(`spawn docker run -e KEY=${quoted(secret)}`), { spawnargs: ['-e', `KEY=${secret}`], env: { KEY: secret } });
        const error = new TransportError(`failed: ${secret}`, {
          hint: `try ${secret}`,
          context: { argv: ['-e', `KEY=${secret}`], env: { KEY: secret }, nested: [{ password: secret, said: `x ${secret}` }], [secret]: 1 },
          cause,
          secrets: [secret],
        });
        const { message, hint, stack } = error;
        const shown = [message, hint, stack, JSON.stringify(error), String(error), inspect(error, { depth: 9 }), inspect({ error }, { depth: 9 })].join('\n');
        expect(shown).not.toContain(secret);
        expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
        expect(error.cause).toBe(cause);
      }),
    );
  });

  it('takes secrets that are known by their place out of foreign errors too', async () => {
    const { inspect } = await import('node:util');
    const cause = Object.assign(new Error('Command failed: docker run -e KEY=hunter2 image'), { cmd: 'docker run -e KEY=hunter2 image', cause: new Error('https://u:hunter2@h') });
    const error = new LonghaulError('failed', { code: 'INTERNAL', cause });
    expect(inspect(error) + JSON.stringify(error)).not.toContain('hunter2');
    expect(inspect(error)).toContain('LonghaulError: failed');
  });
});
