/** How the queue as a whole stands. */
export interface QueueStatus {
  /** Since when a person has paused all of it, ISO 8601; null: it works. */
  readonly pausedAt: string | null;
}
