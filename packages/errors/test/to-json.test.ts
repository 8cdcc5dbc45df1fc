import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LonghaulError, SessionStartError, snapshot, TransportError } from '../src/index.ts';

const throwing = { get broken(): string { throw new RangeError('no'); }, fine: 1 };

describe('toJSON', () => {
  it('is safe for JSON whatever context and cause are', () => {
    const odd = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withNullPrototype: true, withObjectString: true, withSparseArray: true });
    fc.assert(
      fc.property(odd, odd, fc.string({ unit: 'binary' }), (value, cause, message) => {
        const error = new TransportError(message, { context: { value }, cause });
        const text = JSON.stringify(error);
        expect(JSON.parse(text)).toEqual(error.toJSON());
      }),
    );
  });

  it('has the same fields for every error', () => {
    const error = new SessionStartError('train', 'tmux', 'no image', { context: { image: 'bot:1.4' }, hint: 'podman pull bot:1.4' });
    expect(error.toJSON()).toEqual({
      name: 'SessionStartError',
      code: 'SESSION_START',
      message: 'session "train" could not be started (tmux): no image',
      hint: 'podman pull bot:1.4',
      context: { session: 'train', backend: 'tmux', reason: 'no image', image: 'bot:1.4' },
      cause: null,
    });
  });

  it('follows causes, and ends where they bite their own tail', () => {
    const inner = new Error('inner');
    const outer = new Error('outer', { cause: inner });
    inner.cause = outer;
    const error = new LonghaulError('failed', { code: 'INTERNAL', cause: outer });
    expect(error.toJSON().cause).toEqual({ name: 'Error', message: 'outer', cause: { name: 'Error', message: 'inner', cause: '[circular]' } });
  });

  it('keeps what foreign errors carry', () => {
    const cause = Object.assign(new TypeError('no such file'), { code: 'ENOENT', errno: -2, bytes: 10n, when: new Date(0) });
    expect(new LonghaulError('x', { code: 'INTERNAL', cause }).toJSON().cause).toEqual({ name: 'TypeError', message: 'no such file', code: 'ENOENT', errno: -2, bytes: '10', when: '1970-01-01T00:00:00.000Z' });
    const many = new AggregateError([new Error('one'), new Error('two')], 'both');
    expect(snapshot(many)).toMatchObject({ message: 'both', errors: [{ message: 'one' }, { message: 'two' }] });
  });

  it('shows the same object twice where it stands twice, and only a cycle as one', () => {
    const shared = { a: 1 };
    expect(snapshot({ x: shared, y: [shared, shared] })).toEqual({ x: shared, y: [shared, shared] });
  });

  it('survives getters that throw and things without a JSON form', () => {
    expect(snapshot({ throwing, f: () => 1, s: Symbol('s'), n: Number.NaN, u: undefined, b: Buffer.from('abc'), url: new URL('https://u:p@h/') })).toEqual({
      throwing: { broken: '[unreadable]', fine: 1 }, f: '[function]', s: 'Symbol(s)', n: 'NaN', b: '[3 bytes]', url: 'https://u:[redacted]@h/',
    });
  });

  it('copies the context when the error is made', () => {
    const context = { tries: [1] };
    const error = new LonghaulError('x', { code: 'INTERNAL', context });
    context.tries.push(2);
    expect(error.context).toEqual({ tries: [1] });
    expect(Object.isFrozen(error.context)).toBe(true);
  });

  it('replaces values whose name says that they are secret, and says which variables were set', () => {
    const context = { password: 'hunter2', nested: { apiKey: 'hunter2', 'aws-secret': Buffer.from('hunter2'), credentials: { user: 'lab', word: 'hunter2' }, tokens: 5 }, env: { KEY: 'hunter2' }, argv: ['docker', '-e', 'A=hunter2'] };
    const { context: kept } = new LonghaulError('x', { code: 'INTERNAL', context });
    expect(kept).toEqual({ password: '[redacted]', nested: { apiKey: '[redacted]', 'aws-secret': '[redacted]', credentials: '[redacted]', tokens: 5 }, env: { KEY: '[redacted]' }, argv: ['docker', '-e', 'A=[redacted]'] });
  });
});
