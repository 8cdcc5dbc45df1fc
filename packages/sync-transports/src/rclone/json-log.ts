/** One line of what rclone says with `--use-json-log`; a line that is none of JSON is an error that is told as plain text (rclone 1.60's last one is). */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  /** A file or folder; null where the line is about none. */
  readonly object: string | null;
  readonly stats: TransferStats | null;
}

/** What `--stats` tells. Bytes. */
export interface TransferStats {
  readonly bytes: number;
  readonly transferring: readonly { readonly name: string; readonly bytes: number }[];
}

/** null for an empty line. */
export function parseLogLine(line: string): LogLine | null {
  const text = line.trim();
  if (text === '') return null;
  const value = text.startsWith('{') ? parseJson(text) : null;
  if (value === null) return { level: 'error', message: text, object: null, stats: null };
  const { level, msg, object, stats } = value;
  return { level: typeof level === 'string' ? level : 'error', message: typeof msg === 'string' ? msg.trim() : text, object: typeof object === 'string' && object !== '' ? object : null, stats: parseStats(stats) };
}

/** The file that a line says was sent; null for any other line. */
export function copiedFile({ object, message }: LogLine): string | null {
  return object !== null && /^(?:Multi-thread )?Copied \(/.test(message) ? object : null;
}

const TOLD: readonly string[] = ['warning', 'notice', 'error', 'critical', 'emergency', 'alert', 'fatal'];

/** What a log says besides its own progress, a line each as `object: message`: for the failure tables and for people. */
export function logText(stderr: string): string {
  return stderr
    .split('\n')
    .map(parseLogLine)
    .filter((line) => line !== null && line.stats === null && TOLD.includes(line.level))
    .map((line) => (line === null ? '' : lineText(line)))
    .join('\n');
}

function lineText({ object, message }: LogLine): string {
  const flat = message.replaceAll(/\s*\n\s*/g, ' ').replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (?:[A-Z]+ *: )?/, '');
  return object === null || flat.includes(object) ? flat : `${object}: ${flat}`;
}

function parseJson(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function parseStats(value: unknown): TransferStats | null {
  if (typeof value !== 'object' || value === null) return null;
  const { bytes, transferring } = value as Readonly<Record<string, unknown>>;
  if (typeof bytes !== 'number') return null;
  return { bytes, transferring: Array.isArray(transferring) ? transferring.map(parseTransferring).filter((file) => file !== null) : [] };
}

/** Older versions list bare names. */
function parseTransferring(value: unknown): { readonly name: string; readonly bytes: number } | null {
  if (typeof value === 'string') return { name: value, bytes: 0 };
  if (typeof value !== 'object' || value === null) return null;
  const { name, bytes } = value as Readonly<Record<string, unknown>>;
  return typeof name === 'string' ? { name, bytes: typeof bytes === 'number' ? bytes : 0 } : null;
}
