import { readlinkSync } from 'node:fs';

import { bootId } from '@longhaul/exec';
import { expect, test } from 'vitest';

import { comparePlaces, currentPlace } from '../src/process-place.ts';

test('a place is this boot, and this PID namespace where the system has such', () => {
  const number = process.platform === 'linux' ? `.pidns-${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}` : '';
  expect(currentPlace()).toBe(`${bootId()}${number}`);
  expect(comparePlaces(currentPlace(), currentPlace())).toBe('same');
});

test.each([
  ['boot-1.pidns-1', 'boot-1.pidns-1', 'same'],
  ['boot-1.pidns-1', 'boot-1.pidns-2', 'other namespace'],
  ['boot-1.pidns-1', 'boot-2.pidns-1', 'other boot'],
  // Of an earlier version, or of a system without namespaces.
  ['boot-1', 'boot-1.pidns-2', 'same'],
  ['boot-1.pidns-2', 'boot-1', 'same'],
  ['boot-1', 'boot-2.pidns-1', 'other boot'],
] as const)('%s as seen from %s: %s', (recorded, own, relation) => {
  expect(comparePlaces(recorded, own)).toBe(relation);
});
