import { redact } from './redact.ts';
import { snapshot, snapshotRecord } from './snapshot.ts';

/** The key by which Node's util.inspect, console.error and the report of an uncaught error ask an object how to print it. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

type Inspect = (value: unknown, options: unknown) => string;

/** Causes of causes beyond this are a cycle, or of no use to anybody. */
const MAX_CAUSES = 8;

/**
 * Makes an error print as `twin()`. Node prints `cause` with everything that hangs on it, and a foreign error may quote a
 * command line with secrets; the cause itself stays as it is, for programs.
 */
export function makePrintable(error: Error, twin: () => Error): void {
  const print = (_depth: number, options: unknown, inspect: Inspect): string => inspect(twin(), options);
  Object.defineProperty(error, INSPECT, { value: print, enumerable: false, configurable: true });
}

/** A plain error that prints like this one, stack and causes included, without secrets. */
export function printableTwin(error: Error, secrets: readonly string[], depth: number = 0): Error {
  const twin = new Error(redact(error.message, secrets));
  // For its class name. The print function above is on instances only, so this one prints as a plain error.
  Object.setPrototypeOf(twin, Object.getPrototypeOf(error) as object);
  Object.defineProperty(twin, 'stack', { value: redact(error.stack ?? '', secrets), enumerable: false });
  for (const [key, value] of Object.entries(error) as [string, unknown][]) {
    if (key !== 'cause') Object.defineProperty(twin, key, { value: snapshotRecord({ [key]: value }, secrets)[redact(key, secrets)], enumerable: true });
  }
  if (error.cause === undefined || depth === MAX_CAUSES) return twin;
  const cause = error.cause instanceof Error ? printableTwin(error.cause, secrets, depth + 1) : snapshot(error.cause, secrets);
  return Object.defineProperty(twin, 'cause', { value: cause, enumerable: false });
}
