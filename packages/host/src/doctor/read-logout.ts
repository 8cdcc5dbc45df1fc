import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import type { Fact } from './doctor-row.ts';
import { known } from './doctor-row.ts';
import type { LogoutFact } from './logout.ts';
import { parseLogindSettings } from './logout.ts';
import type { Machine } from './machine.ts';
import { ask, readText } from './machine.ts';

/** What happens at logout; null where systemd is not running. */
export async function readLogout(machine: Machine): Promise<Fact<LogoutFact | null>> {
  if (machine.platform !== 'linux' || !existsSync(path.join(machine.root, 'run/systemd/system'))) return known(null);
  const linger = await readLinger(machine);
  if (!linger.known) return linger;
  const texts = logindTexts(machine);
  if (!texts.known) return texts;
  const { kill, exclude, only } = parseLogindSettings(texts.value);
  const excluded = exclude.includes(machine.user) || (only.length > 0 && !only.includes(machine.user));
  return known({ linger: linger.value, killUserProcesses: (await askLogind(machine)) ?? kill, excluded });
}

async function readLinger(machine: Machine): Promise<Fact<boolean>> {
  const asked = await ask(machine, 'loginctl', ['show-user', machine.user, '--property=Linger']);
  const [, answer] = asked.known && asked.value !== null ? (/^Linger=(yes|no)$/m.exec(asked.value.stdout) ?? []) : [];
  if (answer !== undefined) return known(answer === 'yes');
  // Where loginctl knows nobody of this name, nobody is logged in; the file is what logind itself looks at.
  const file = readText(machine, `var/lib/systemd/linger/${machine.user}`);
  return file.known ? known(file.value !== null) : file;
}

/** What is in force, defaults of the build included; null where the bus does not answer. */
async function askLogind(machine: Machine): Promise<boolean | null> {
  const asked = await ask(machine, 'busctl', ['get-property', 'org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager', 'KillUserProcesses']);
  const [, answer] = asked.known && asked.value !== null ? (/^b (true|false)$/m.exec(asked.value.stdout) ?? []) : [];
  return answer === undefined ? null : answer === 'true';
}

/** logind.conf, then the drop-ins by their names; one of /etc hides one of the same name elsewhere. */
function logindTexts(machine: Machine): Fact<readonly string[]> {
  const dropIns = new Map<string, string>();
  for (const folder of ['usr/lib', 'usr/local/lib', 'run', 'etc']) {
    for (const name of listConf(path.join(machine.root, folder, 'systemd/logind.conf.d'))) dropIns.set(name, path.join(folder, 'systemd/logind.conf.d', name));
  }
  const files = ['usr/lib/systemd/logind.conf', 'etc/systemd/logind.conf', ...[...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file)];
  const texts: string[] = [];
  for (const file of files) {
    const text = readText(machine, file);
    if (!text.known) return text;
    texts.push(text.value ?? '');
  }
  return known(texts);
}

function listConf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.conf'));
  } catch {
    // There are no drop-ins.
    return [];
  }
}
