import type { Classification, FailedRun, FailureFactName, FailureFacts, FailureRule } from './failure-rule.ts';

/** A row that applied and the line it was told by. */
export interface RuleMatch {
  readonly rule: FailureRule;
  readonly line: string | null;
}

/** From how many failures in a row at one file on a broken connection is no longer the network's fault (design §5.3). */
const STUCK_AFTER = 3;

/** The first row that applies. */
export function firstMatch(rules: readonly FailureRule[], { returncode, stderr, facts = {} }: FailedRun): RuleMatch | null {
  for (const rule of rules) {
    if (rule.codes !== undefined && !rule.codes.includes(returncode)) continue;
    if (rule.when !== undefined && !holds(rule.when, facts)) continue;
    if (rule.text === undefined) return { rule, line: null };
    const line = lines(stderr).find((candidate) => rule.text?.test(candidate) === true);
    if (line !== undefined) return { rule, line };
  }
  return null;
}

/** stderr as lines without blanks around them, without empty ones. ssh ends its lines with CR LF. */
export function lines(stderr: string): readonly string[] {
  return stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** What a match says to the outside. `warning` must have been dealt with by the caller. Without a line, the first one is evidence. */
export function classificationOf({ rule, line }: RuleMatch, { stderr, facts = {} }: FailedRun): Classification {
  const kind = rule.kind === 'warning' ? 'unknown' : rule.kind;
  return { kind, evidence: line ?? lines(stderr)[0] ?? null, hint: fill(rule.hint, facts), rule: rule.id };
}

/** A failure that no table knows is a failure all the same. */
export function unclassified({ stderr }: FailedRun, hint: string): Classification {
  return { kind: 'unknown', evidence: lines(stderr).at(-1) ?? null, hint, rule: null };
}

function holds(fact: FailureFactName, facts: FailureFacts): boolean {
  if (fact === 'stuckAtOneFile') return (facts.failuresAtSameFile ?? 0) >= STUCK_AFTER;
  return facts[fact] === true;
}

function fill(hint: string | null, facts: FailureFacts): string | null {
  if (hint === null) return null;
  const target = facts.target ?? 'the destination';
  return hint.replaceAll('{target}', target).replaceAll('{path}', facts.path ?? 'its folder').replaceAll('{name}', facts.name ?? 'NAME');
}
