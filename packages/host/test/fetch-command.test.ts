import { describe, expect, it } from 'vitest';

import { fetchCommand } from '../src/destinations/fetch-command.ts';

const common = { bandwidth: null, bandwidthWindows: [], concurrency: null, as: null } as const;

describe('the command that brings a result back from a remote of rclone', () => {
  it.each([
    ['nas:', 'nas:train/results'],
    ['s3:bucket/lab', 's3:bucket/lab/train/results'],
    ['disk:/', 'disk:/train/results'],
  ])('reads %s from where it was sent to, with symlinks made symlinks again', (remote, place) => {
    const settings = { type: 'rclone', remote, verify: 'auto', configFile: '/etc/rclone lab.conf', transfers: null, ...common } as const;
    expect(fetchCommand(settings, { finalName: 'train/results', folder: 'back', only: null })).toBe(`rclone '--config=/etc/rclone lab.conf' copy --links --exclude '/.longhaul/**' ${place} back`);
  });
});
