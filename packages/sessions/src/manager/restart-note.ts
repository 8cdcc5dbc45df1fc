const NOTE = ' (restart)';

/** Who asks for the stop that a restart begins with: those who follow the log know by it that a start is to come. */
export function asRestart(who: string): string {
  return `${who}${NOTE}`;
}

/** Whether a stop was the beginning of a restart. */
export function isRestart(requestedBy: string): boolean {
  return requestedBy.endsWith(NOTE);
}
