import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';

/**
 * Ends every process that names `folder` in its command line, and their children, when the tests are killed before they can: its stdin ends
 * with them. Kill it when the service has ended.
 */
export function startWatchdog(folder: string): ChildProcess {
  // The folder comes by the environment: this process must not name it.
  const watchdog = spawn('sh', ['-c', WATCH], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: { ...process.env, FOLDER: folder } });
  watchdog.unref();
  return watchdog;
}

const WATCH = `
read -r x
end() {
  kill -STOP "$1"
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do end "$child"; done
  kill -9 "$1"
}
for round in 1 2 3; do
  for file in $(grep -laF -- "$FOLDER/" /proc/[0-9]*/cmdline); do
    pid=\${file#/proc/}; pid=\${pid%/cmdline}
    [ "$pid" = "$$" ] || end "$pid"
  done
done
grep -F -- " $FOLDER/" /proc/self/mounts | cut -d ' ' -f 2 | sort -r | while read -r path; do umount -l "$path"; done
rm -rf -- "$FOLDER"
`;
