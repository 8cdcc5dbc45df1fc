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

/** How a source looks: the same fingerprint, the same names, sizes, modes and times of everything that would be sent. */
export interface SourceGlance {
  /** 64 lower-case hexadecimal digits. Times of folders and numbers of inodes and devices are no part of it. */
  readonly fingerprint: string;
  readonly files: number;
  readonly bytes: number;
}

/** Looks at sources without sealing them. */
export interface SourceSurveyor {
  /** @throws what Sealer.seal throws before it reads a file */
  survey(source: SealSource, options?: { readonly signal?: AbortSignal }): Promise<SourceSurvey>;
  /** Names, sizes and times only: cheap enough to be done again and again. @throws as survey does */
  glance(source: SealSource, options?: { readonly signal?: AbortSignal }): Promise<SourceGlance>;
}
