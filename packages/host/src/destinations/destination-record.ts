import type { DestinationSettings } from '@longhaul/config';

/**
 * A destination as the queue knows it. Projects may give one name to different places, and a queue holds the jobs of all of
 * them: so each name belongs to the file that defined it first, and the same name of another file gets an id of its own.
 */
export interface DestinationRecord {
  readonly schemaVersion: 1;
  /** What jobs carry: `nas`, `nas~1a2b3c`. */
  readonly id: string;
  /** As its file calls it. */
  readonly name: string;
  /** Absolute path of the file; it is read again for every worker, so that a correction there is enough. */
  readonly definedIn: string;
  /** As they were when a job was last made; used when the file is gone or damaged. */
  readonly settings: DestinationSettings;
}

const RCLONE_DEFAULTS: Partial<Extract<DestinationSettings, { type: 'rclone' }>> = { verify: 'auto', configFile: null, transfers: null };

/** What a version that wrote the record did not know yet. */
function withAll(record: DestinationRecord): DestinationRecord {
  const { settings } = record;
  const common = { bandwidthWindows: [], concurrency: null };
  return { ...record, settings: settings.type === 'rclone' ? { ...common, ...RCLONE_DEFAULTS, ...settings } : { ...common, ...settings } };
}

/** Reads a record; null for anything that is none. */
export function parseDestinationRecord(text: string): DestinationRecord | null {
  try {
    const value = JSON.parse(text) as Partial<DestinationRecord> | null;
    const complete = typeof value?.id === 'string' && typeof value.name === 'string' && typeof value.definedIn === 'string' && typeof value.settings?.type === 'string';
    return complete ? withAll(value as DestinationRecord) : null;
  } catch {
    return null;
  }
}
