import { describe, expect, it } from 'vitest';
import { deadWorkerError } from '../src/worker/worker-pool.ts';

describe('a thread that dies', () => {
  it('is reported with its own error, or with its exit code', () => {
    expect(deadWorkerError(new Error('Worker terminated due to reaching memory limit')).message).toBe('a file worker ended in the middle of its work: Worker terminated due to reaching memory limit');
    expect(deadWorkerError(134).message).toBe('a file worker ended in the middle of its work: exit code 134');
  });
});
