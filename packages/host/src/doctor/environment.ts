import type { DoctorRow, Fact } from './doctor-row.ts';
import { fine, problem, unknownRow, warning } from './doctor-row.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The locale that jobs inherit: LC_ALL before LC_CTYPE before LANG. */
export function localeRow(env: Environment, platform: NodeJS.Platform): DoctorRow {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '') ?? '';
  if (/utf-?8/i.test(locale)) return fine('locale', locale);
  const found = `${locale === '' ? 'none is set' : locale}, which is not UTF-8: Longhaul and tmux use UTF-8 all the same, but jobs that follow the locale (Python, ls, sort) may fail on other letters than ASCII`;
  return warning('locale', found, `export LANG=${platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`);
}

/** Soft limits of this process, which jobs inherit. null: no limit. */
export interface LimitsFact {
  readonly openFiles: number | null;
  readonly processes: number | null;
}

const FEW_FILES = 1024;
/** A session takes up to five processes of its own, and jobs start more. */
const FEW_PROCESSES = 512;

export function limitRows(fact: Fact<LimitsFact>): readonly DoctorRow[] {
  if (!fact.known) return [unknownRow('open-files', fact, 'ulimit -n'), unknownRow('processes', fact, 'ulimit -u')];
  const { openFiles, processes } = fact.value;
  return [
    openFiles !== null && openFiles < FEW_FILES ? warning('open-files', `a process may open ${String(openFiles)} files: jobs inherit that`, `ulimit -n 4096`) : fine('open-files', limitText(openFiles)),
    processes !== null && processes < FEW_PROCESSES ? warning('processes', `you may have ${String(processes)} processes: a session takes up to five beside its job`, `ulimit -u 4096, or raise nproc in /etc/security/limits.conf`) : fine('processes', limitText(processes)),
  ];
}

function limitText(limit: number | null): string {
  return limit === null ? 'no limit' : String(limit);
}

/** Soft limits of /proc/PID/limits. */
export function parseLimits(text: string): LimitsFact | null {
  const limitOf = (name: string): number | null | undefined => {
    const [, soft] = new RegExp(`^${name}\\s+(\\d+|unlimited)\\s`, 'm').exec(text) ?? [];
    return soft === undefined ? undefined : soft === 'unlimited' ? null : Number(soft);
  };
  const openFiles = limitOf('Max open files');
  const processes = limitOf('Max processes');
  return openFiles === undefined || processes === undefined ? null : { openFiles, processes };
}

/** The program that launchers call when a run with outputs has ended. null: this program is no command line. */
export interface HookFact {
  readonly argv: readonly string[];
  /** Parts of the argv that are paths and not there. */
  readonly missing: readonly string[];
}

export function hookRow(hook: HookFact | null): DoctorRow {
  const check = 'hook';
  if (hook === null) return warning(check, 'this program is no command line: outputs wait for the next call of longhaul, or for longhaul serve', null);
  if (hook.missing.length > 0) return problem(check, `${hook.missing.join(' and ')} is not there: outputs of runs that end would wait for the next call of longhaul`, 'npm install -g longhaul');
  const file = hook.argv.find((part) => /[/\\]_npx[/\\]|[/\\]\.npm[/\\]|^\/(?:tmp|private\/tmp)\//.test(part));
  if (file !== undefined) return warning(check, `launchers call ${file} when a run ends, and that folder may be cleared meanwhile`, 'npm install -g longhaul');
  return fine(check, hook.argv.join(' '));
}
