/** `3.4 GB`, in powers of ten as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

const STEPS = [
  { unit: 'd', seconds: 86_400, below: 'h', belowSeconds: 3600 },
  { unit: 'h', seconds: 3600, below: 'm', belowSeconds: 60 },
  { unit: 'm', seconds: 60, below: 's', belowSeconds: 1 },
] as const;

/** Two units are enough for a person: `3d4h`, `5m12s`, `7s`, `0.3s`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  for (const { unit, seconds: size, below, belowSeconds } of STEPS) {
    if (seconds < size) continue;
    const rest = Math.floor((seconds % size) / belowSeconds);
    return `${String(Math.floor(seconds / size))}${unit}${rest === 0 ? '' : `${String(rest)}${below}`}`;
  }
  return seconds < 10 && seconds % 1 !== 0 ? `${seconds.toFixed(1)}s` : `${String(Math.floor(seconds))}s`;
}

/** How long ago an ISO time was; empty for none. */
export function formatAgo(iso: string | null, now: number): string {
  return iso === null ? '' : `${formatSpan(now - Date.parse(iso))} ago`;
}
