import { statSync, utimesSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tempDir } from '@longhaul/testbed';
import { controlSocketPath } from '../src/ssh/control-socket.ts';
import { saysAes } from '../src/ssh/cpu-aes.ts';
import { ShellOutput } from '../src/ssh/shell-output.ts';
import { printfWord, scriptLine, shellAssignments, shellWord } from '../src/ssh/shell-words.ts';
import { parseSshDestination } from '../src/ssh/ssh-destination.ts';
import { rsyncShellCommand, sshArguments } from '../src/ssh/ssh-options.ts';
import { aesFirst, parseSettings } from '../src/ssh/ssh-settings.ts';

const own = { channel: { kind: 'own' } } as const;

describe('sshArguments', () => {
  it('asks nothing, trusts nobody by itself and notices a dead connection', () => {
    const text = sshArguments({ target: 'lab@nas' }, own).join(' ');
    for (const option of ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'ServerAliveInterval=15', 'ServerAliveCountMax=3', 'ConnectTimeout=15', 'ControlPath=none']) expect(text).toContain(`-o ${option}`);
  });

  it('leaves to ssh what is not given', () => {
    const args = sshArguments({ target: 'lab@nas' }, own);
    for (const option of ['-F', '-p']) expect(args).not.toContain(option);
    expect(args.join(' ')).not.toMatch(/UserKnownHostsFile|Ciphers|Identit/);
  });

  it('offers no other key than the one that is given', () => {
    const args = sshArguments({ target: 'lab@nas', port: 2222, sshKey: '/k', sshConfig: '/c' }, { ...own, ciphers: ['a', 'b'] });
    expect(args.join(' ')).toMatch(/^-F \/c -p 2222 -o IdentityFile="\/k" -o IdentitiesOnly=yes -o Ciphers=a,b /);
  });

  it('keeps a known_hosts file with blanks, quotes and percent signs one file', () => {
    expect(sshArguments({ target: 'nas', knownHosts: '/a b/100%/"x' }, own)).toContain('UserKnownHostsFile="/a b/100%%/\\"x"');
  });

  it('never opens a shared connection by the way', () => {
    expect(sshArguments({ target: 'nas' }, { channel: { kind: 'shared', controlPath: '/run/x' } })).toEqual(expect.arrayContaining(['ControlMaster=no', 'ControlPath=/run/x']));
    expect(sshArguments({ target: 'nas' }, { channel: { kind: 'opening', controlPath: '/run/x' } })).toEqual(expect.arrayContaining(['ControlMaster=auto', 'ControlPersist=60']));
  });
});

describe('rsyncShellCommand', () => {
  /** As rsync cuts `-e` (main.c, do_cmd): quotes keep blanks, a doubled quote inside of them stands for itself. */
  function split(command: string): string[] {
    const words: string[] = [];
    const pattern = /'((?:[^']|'')*)'|[^ ]+/g;
    for (const match of command.matchAll(pattern)) words.push(match[1]?.replaceAll("''", "'") ?? match[0]);
    return words;
  }

  it('keeps each argument of ssh one word', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }).filter((word) => !word.includes('\0')), { minLength: 1 }), (words) => {
        expect(split(rsyncShellCommand(words))).toEqual(words);
      }),
    );
  });
});

describe('shell words', () => {
  it('refuse what no shell can carry', () => {
    expect(() => shellWord('a\0b')).toThrow(RangeError);
    expect(shellAssignments({ a: "it's", b: Buffer.from([0xff]) }).toString('latin1')).toBe("a='it'\\''s'\nb='\xff'\n");
  });

  it('make a script one line of printable ASCII that stands in single quotes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const line = scriptLine(bytes);
        expect(line).toMatch(/^[\x20-\x7e]*\n$/);
        expect(line).not.toMatch(/['!]/);
        const decoded = line.slice(0, -1).replaceAll(/\\(?:n|0([0-7]{3}))/g, (_, octal: string | undefined) => (octal === undefined ? '\n' : String.fromCharCode(Number.parseInt(octal, 8))));
        expect(Buffer.from(decoded, 'latin1').equals(Buffer.from(bytes))).toBe(true);
      }),
    );
    expect(printfWord(Buffer.from('\\n'))).toBe('\\0134n');
  });
});

describe('ShellOutput', () => {
  const mark = '0123456789abcdef0123456789abcdef';

  it('hands a script its output whole and tells its end, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.array(fc.integer({ min: 1, max: 40 })), async (printed, cuts) => {
        const output = new ShellOutput();
        const all = Buffer.concat([Buffer.from('longhaul-shell 1\n'), printed, Buffer.from(`${mark} 9\0cat: no\nspace\0`)]);
        const received: Uint8Array[] = [];
        const end = output.expect(mark, (chunk) => received.push(Buffer.from(chunk)));
        let at = 0;
        for (const size of [...cuts, all.length]) {
          output.accept(all.subarray(at, at + size));
          at += size;
        }
        expect(await output.ready).toBe('ready');
        expect(await end).toEqual({ exitCode: 9, stderr: 'cat: no\nspace' });
        expect(Buffer.concat(received).equals(Buffer.from(printed))).toBe(true);
      }),
    );
  });

  it('knows what a login shell prints from what ours does', async () => {
    const output = new ShellOutput();
    output.accept(Buffer.from('Welcome\nlonghaul-shell 1\n'));
    expect(await output.ready).toBe('noisy');
    expect(output.noise).toBe('Welcome');
  });
});

describe('what ssh says about itself', () => {
  it('is read key by key', () => {
    const settings = parseSettings('hostname 10.0.0.1\nport 2222\nidentityfile ~/.ssh/a\nidentityfile ~/.ssh/b\nhostkeyalias\n');
    expect(settings.get('hostname')).toEqual(['10.0.0.1']);
    expect(settings.get('identityfile')).toEqual(['~/.ssh/a', '~/.ssh/b']);
  });

  it('puts AES first where nobody has chosen ciphers, and leaves a choice alone', () => {
    const defaults = 'chacha20-poly1305@openssh.com,aes128-ctr,aes128-gcm@openssh.com';
    expect(aesFirst(defaults, defaults)).toEqual(['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr']);
    expect(aesFirst('aes256-ctr,aes128-gcm@openssh.com', defaults)).toBeNull();
    expect(aesFirst('aes256-ctr', 'aes256-ctr')).toBeNull();
    expect(aesFirst(undefined, undefined)).toBeNull();
  });

  it('knows processors that do AES', () => {
    expect(saysAes('processor : 0\nflags\t\t: fpu vme aes avx\n')).toBe(true);
    expect(saysAes('Features\t: fp asimd aes pmull\n')).toBe(true);
    expect(saysAes('flags\t\t: fpu vaes avx\nmodel name: aes\n')).toBe(false);
  });
});

describe('parseSshDestination', () => {
  it.each(['', '-oProxyCommand=touch x', 'lab@na s', 'lab@nas\nx'])('refuses the target %j', (target) => {
    expect(() => parseSshDestination({ target })).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });

  it('refuses ports that are none, and expands the home folder', () => {
    expect(() => parseSshDestination({ target: 'nas', port: 0 })).toThrow('port');
    expect(parseSshDestination({ target: 'nas', sshKey: '~/.ssh/id' }).sshKey).toMatch(/^\/.*\/\.ssh\/id$/);
  });
});

describe('controlSocketPath', () => {
  it('is short, private, and another one for another key, port, target or state of known_hosts', async () => {
    await using dir = await tempDir();
    const [key, hosts] = [dir.join('key'), dir.join('known_hosts')];
    writeFileSync(key, 'a');
    writeFileSync(hosts, 'a');
    const base = { target: 'lab@nas', sshKey: key, knownHosts: hosts };
    const path = controlSocketPath(base);
    expect(controlSocketPath(base)).toBe(path);
    const others = [{ ...base, port: 2222 }, { ...base, target: 'lab@nas2' }, { ...base, sshKey: dir.join('other') }, { target: 'lab@nas', knownHosts: hosts }].map((destination) => controlSocketPath(destination));
    utimesSync(hosts, 1, 1);
    others.push(controlSocketPath(base));
    expect(new Set([path, ...others]).size).toBe(6);
    expect(path.length + 17).toBeLessThanOrEqual(104);
    expect(statSync(path.slice(0, path.lastIndexOf('/'))).mode & 0o777).toBe(0o700);
  });
});
