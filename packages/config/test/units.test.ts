import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bytesPerSecond, didYouMean, expandHome, formatDuration, parseDuration, parseSize } from '../src/index.ts';

describe('bandwidth', () => {
  it.each([
    [50, 6_250_000],
    [1, 125_000],
    [0.1, 12_500],
    [1000, 125_000_000],
    [0.01, 1250],
  ])('%d Mbit/s are %d bytes/s', (megabits, bytes) => {
    expect(bytesPerSecond(megabits)).toBe(bytes);
  });
});

describe('durations', () => {
  it.each([
    ['24h', 86_400_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['0.5s', 500],
    ['250ms', 250],
    ['2w', 1_209_600_000],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '24', '24 h', '-1h', '1x', 'h', '1h ', '1e3s', '99999999999999999999w'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it('writes every duration so that it is read back the same', () => {
    fc.assert(fc.property(fc.nat(1e12), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

it.each([
  ['500MB', 500e6],
  ['20GiB', 20 * 2 ** 30],
  ['1.5kb', 1500],
  ['7 B', 7],
])('reads the size %s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each(['', '5', 'MB', '-1MB', '1 PB'])('refuses the size %j', (text) => {
  expect(parseSize(text)).toBeNull();
});

it('suggests what is near, and nothing where nothing is', () => {
  expect(didYouMean('comand', ['command', 'env'])).toBe('command');
  expect(didYouMean('destinatoins', ['sessions', 'destinations'])).toBe('destinations');
  expect(didYouMean('SSHKEY', ['sshKey'])).toBe('sshKey');
  expect(didYouMean('zzz', ['command', 'env'])).toBeNull();
  expect(didYouMean('ab', ['xy'])).toBeNull();
});

it('expands our own home only', () => {
  expect(expandHome('~/a', '/home/me')).toBe('/home/me/a');
  expect(expandHome('~', '/home/me')).toBe('/home/me');
  expect(expandHome('~other/a', '/home/me')).toBe('~other/a');
});
