import type { DoctorRow, Fact } from './doctor-row.ts';
import { fine, problem, unknownRow, warning } from './doctor-row.ts';

/** What systemd does with a person's processes when they log out. */
export interface LogoutFact {
  /** Whether services of the user, and rootless containers among them, go on without a login. */
  readonly linger: boolean;
  /** KillUserProcesses of logind. null: nothing says so, and the default is the distribution's. */
  readonly killUserProcesses: boolean | null;
  /** Whether this user is spared by KillExcludeUsers or not meant by KillOnlyUsers. */
  readonly excluded: boolean;
}

/** `fact.value` is null where systemd does not manage logins. */
export function logoutRows(fact: Fact<LogoutFact | null>, { uid, user }: { readonly uid: number; readonly user: string }): readonly DoctorRow[] {
  if (!fact.known) return [unknownRow('linger', fact, `loginctl enable-linger ${user}`)];
  if (fact.value === null) return [fine('linger', 'systemd does not manage logins here: nothing ends jobs at logout')];
  return [lingerRow(fact.value, { uid, user }), killRow(fact.value, user)];
}

function lingerRow({ linger }: LogoutFact, { uid, user }: { readonly uid: number; readonly user: string }): DoctorRow {
  if (linger) return fine('linger', 'on: what the user manager runs goes on after logout');
  if (uid === 0) return fine('linger', 'off; root needs it only for services of the user manager');
  return warning('linger', 'off: rootless containers, and tmux servers started by a service of yours or from a desktop, end at your last logout', `loginctl enable-linger ${user}`);
}

function killRow({ killUserProcesses, excluded }: LogoutFact, user: string): DoctorRow {
  const check = 'kill-user-processes';
  if (excluded) return fine(check, `${user} is spared by logind's configuration`);
  if (killUserProcesses === false) return fine(check, 'no: sessions go on after logout');
  if (killUserProcesses === null) return { check, state: 'unknown', found: 'logind could not be asked and its configuration does not say whether jobs are killed at logout', fix: `loginctl enable-linger ${user}` };
  return problem(
    check,
    'yes: systemd kills tmux and every job in it at logout',
    `loginctl enable-linger ${user}, then let a scope of its own hold the tmux server: systemd-run --user --scope tmux -L longhaul -f /dev/null new-session -d -s keep; or, for all: KillUserProcesses=no in /etc/systemd/logind.conf`,
  );
}

/** Settings of logind from its file and its drop-ins, the later ones winning. */
export function parseLogindSettings(texts: readonly string[]): { readonly kill: boolean | null; readonly exclude: readonly string[]; readonly only: readonly string[] } {
  const values = new Map<string, string>();
  for (const text of texts) {
    for (const line of text.split('\n')) {
      const [, key, value] = /^\s*(Kill\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (key !== undefined && value !== undefined) values.set(key, value);
    }
  }
  const kill = values.get('KillUserProcesses');
  return { kill: kill === undefined || kill === '' ? null : /^(?:1|yes|true|on|y|t)$/i.test(kill), exclude: names(values.get('KillExcludeUsers') ?? 'root'), only: names(values.get('KillOnlyUsers') ?? '') };
}

function names(value: string): readonly string[] {
  return value.split(/\s+/).filter((name) => name !== '');
}
