import { homedir } from 'node:os';

/** As Debian calls the home of users who have none: nothing is found there, and nothing can be made there. */
const NO_HOME = '/nonexistent';

/**
 * The home of the user; a path where nothing is for one who has none. A uid that no table of users knows, as containers and clusters give
 * them, with no HOME: Node has no answer then, and not having one must not keep anybody from stopping a job.
 */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return NO_HOME;
  }
}
