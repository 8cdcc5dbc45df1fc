import type { RawPath } from './raw-path.ts';
import type { Finding, SealSource, SealTotals } from './seal.ts';
import type { LeftOut } from './source-filter.ts';

/** What a seal of a source would hold, as far as a look at it tells: no byte is read, nothing is written. */
export interface SourceSurvey {
  readonly source: SealSource;
  readonly totals: SealTotals;
  readonly findings: readonly Finding[];
  /** null where no rules were there. */
  readonly leftOut: LeftOut | null;
  /** How much of it was hashed before and has not changed since: sealing need not read it. */
  readonly hashed: { readonly files: number; readonly bytes: number };
  /** The digest that a seal would have; null where files would have to be read for it. */
  readonly digest: string | null;
  /** Paths that become one where letter case or Unicode form does not count: such a destination will refuse them. */
  readonly mayCollide: readonly RawPath[];
}

/** Looks at sources without sealing them. */
export interface SourceSurveyor {
  /** @throws what Sealer.seal throws before it reads a file */
  survey(source: SealSource, options?: { readonly signal?: AbortSignal }): Promise<SourceSurvey>;
}
