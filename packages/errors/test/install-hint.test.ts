import { describe, expect, it } from 'vitest';

import { currentPlatform, detectPlatform, installHint } from '../src/index.ts';

const none = (): string => '';

describe('the platform', () => {
  it.each([
    ['darwin', '', 'macos'],
    ['win32', '', 'windows'],
    ['freebsd', '', 'other'],
    ['linux', '', 'other'],
    ['linux', 'NAME="Debian"\nID=debian\n', 'debian'],
    ['linux', 'ID=linuxmint\nID_LIKE="ubuntu debian"\n', 'debian'],
    ['linux', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'fedora'],
    ['linux', "ID='alpine'\n", 'alpine'],
    ['linux', 'ID=opensuse-leap\nID_LIKE="suse opensuse"\n', 'suse'],
    ['linux', 'ID=manjaro\nID_LIKE=arch\n', 'arch'],
    ['linux', 'ID=constructor\nID_LIKE=toString\n', 'other'],
  ] as const)('%s with os-release %j is %s', (nodePlatform, osRelease, expected) => {
    expect(detectPlatform(nodePlatform, () => osRelease)).toBe(expected);
  });

  it('is known for this machine, and read from the system only on Linux', () => {
    expect(installHint('tmux')).toBe(installHint('tmux', currentPlatform()));
    expect(() => detectPlatform('darwin', () => { throw new Error('was read'); })).not.toThrow();
    expect(detectPlatform('linux', none)).toBe('other');
  });
});

describe('the install line', () => {
  it.each([
    ['tmux', 'macos', 'brew install tmux'],
    ['tmux', 'debian', 'sudo apt-get install tmux'],
    ['tmux', 'fedora', 'sudo dnf install tmux'],
    ['tmux', 'alpine', 'sudo apk add tmux'],
    ['tmux', 'arch', 'sudo pacman -S tmux'],
    ['tmux', 'suse', 'sudo zypper install tmux'],
    ['tmux', 'windows', 'Use WSL2 (wsl --install) and install it there: sudo apt-get install tmux'],
    ['ssh', 'debian', 'sudo apt-get install openssh-client'],
    ['docker', 'debian', 'sudo apt-get install docker.io (https://docs.docker.com/get-docker/)'],
    ['podman', 'fedora', 'sudo dnf install podman (https://podman.io/getting-started/installation)'],
    ['tmux', 'other', 'Install tmux with the package manager of this system'],
  ] as const)('of %s on %s', (program, platform, line) => {
    expect(installHint(program, platform)).toBe(line);
  });
});
