import { expect, it } from 'vitest';

import { parseKeyscan, parseSshSettings } from '../src/trust/host-key.ts';
import { fingerprintOf } from '../src/trust/trust-host.ts';

it('reads what ssh-keyscan prints, remarks left out', () => {
  const text = '# nas:22 SSH-2.0-OpenSSH_9.2p1\nnas ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==\n\nnas ecdsa-sha2-nistp256 AAAAE2Vj\nnas garbage !!!\n';
  expect(parseKeyscan(text)).toEqual([
    { type: 'ssh-ed25519', key: 'AAAAC3NzaC1lZDI1NTE5AAAAIA==' },
    { type: 'ecdsa-sha2-nistp256', key: 'AAAAE2Vj' },
  ]);
});

it.each([
  ['hostname nas.lab\nport 22\nuserknownhostsfile ~/.ssh/known_hosts ~/.ssh/known_hosts2\nproxycommand none\n', { hostname: 'nas.lab', port: 22, knownAs: 'nas.lab', knownHosts: '/home/me/.ssh/known_hosts', throughProxy: false }],
  ['hostname nas.lab\nport 2222\nuserknownhostsfile /k\nproxyjump gate\n', { knownAs: '[nas.lab]:2222', knownHosts: '/k', throughProxy: true }],
  ['hostname 10.0.0.1\nport 2222\nhostkeyalias nas\n', { knownAs: 'nas', throughProxy: false }],
])('reads ssh -G %#', (text, expected) => {
  expect(parseSshSettings(text, '/home/me')).toMatchObject(expected);
});

it('computes the fingerprint that ssh-keygen shows', () => {
  // ssh-keygen -lf of this very key.
  const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
  expect(fingerprintOf({ type: 'ssh-ed25519', key })).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
});
