/**
 * The schema, one step per version: `PRAGMA user_version` says how many have been taken. A step that was released is
 * never edited; what must change comes as a further step.
 */
export const SCHEMA_STEPS: readonly string[] = [
  // 1: jobs, their history, seals, proofs, destinations, keys.
  `
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO counters (name, value) VALUES ('epoch', 0);

  CREATE TABLE destinations (
    name TEXT PRIMARY KEY,
    paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    block_reason TEXT CHECK (block_reason IN ('breaker', 'no_space')),
    block_detail TEXT,
    block_kind TEXT,
    block_needed_bytes INTEGER,
    blocked_at INTEGER,
    probe_at INTEGER,
    probe_lease_until INTEGER,
    failed_probes INTEGER NOT NULL DEFAULT 0,
    strikes INTEGER NOT NULL DEFAULT 0,
    ever_worked INTEGER NOT NULL DEFAULT 0 CHECK (ever_worked IN (0, 1)),
    last_probe TEXT,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED', 'FAILED', 'CANCELLED')),
    due INTEGER CHECK (due IN (0, 1)),
    due_at INTEGER,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    source_json TEXT NOT NULL,
    destination TEXT NOT NULL REFERENCES destinations (name),
    final_name TEXT NOT NULL,
    run TEXT,
    run_id TEXT,
    session TEXT,
    priority INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    seal_needed INTEGER NOT NULL DEFAULT 1 CHECK (seal_needed IN (0, 1)),
    seal_id TEXT,
    seal_digest TEXT,
    staged_digest TEXT,
    files_total INTEGER,
    bytes_total INTEGER,
    progress TEXT,
    phase TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    recoveries INTEGER NOT NULL DEFAULT 0,
    reseals INTEGER NOT NULL DEFAULT 0,
    mismatches INTEGER NOT NULL DEFAULT 0,
    blind_repeats INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    lease_until INTEGER,
    cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    hold TEXT,
    hold_detail TEXT,
    hold_since INTEGER,
    error_kind TEXT,
    last_error TEXT,
    evidence TEXT,
    hint TEXT,
    requeue_when_answers INTEGER NOT NULL DEFAULT 0 CHECK (requeue_when_answers IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    verified_at INTEGER,
    CHECK ((owner IS NULL) = (lease_until IS NULL)),
    CHECK (state <> 'RUNNING' OR lease_until IS NOT NULL),
    CHECK (due IS NULL OR (lease_until IS NULL AND state IN ('QUEUED', 'AWAITING_VERIFY')))
  ) STRICT;
  CREATE UNIQUE INDEX jobs_one_active ON jobs (source_id, destination, final_name) WHERE state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY');
  CREATE INDEX jobs_due ON jobs (destination, priority DESC, seq) WHERE due = 1;
  CREATE INDEX jobs_scheduled ON jobs (due_at) WHERE due = 0;
  CREATE INDEX jobs_leased ON jobs (destination) WHERE lease_until IS NOT NULL;
  CREATE INDEX jobs_lineage ON jobs (source_id, destination, final_name, seq);
  CREATE INDEX jobs_state ON jobs (state, seq);
  CREATE INDEX jobs_destination ON jobs (destination, state, seq);
  CREATE INDEX jobs_run ON jobs (run_id) WHERE run_id IS NOT NULL;

  CREATE TABLE job_events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT,
    epoch INTEGER NOT NULL,
    UNIQUE (job_id, seq)
  ) STRICT;

  CREATE TABLE seals (
    id TEXT PRIMARY KEY,
    source_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    sealed_at TEXT NOT NULL,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX seals_source ON seals (source_id, recorded_at);

  CREATE TABLE proofs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    seal_id TEXT NOT NULL,
    seal_digest TEXT NOT NULL,
    destination TEXT NOT NULL,
    strength TEXT NOT NULL CHECK (strength IN ('sha256', 'download', 'size')),
    at INTEGER NOT NULL,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX proofs_job ON proofs (job_id, seq);

  CREATE TABLE dedup_keys (
    key TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // 2: processes that outlive their worker, staging that outlives its job, and enqueues that arrive while a job runs.
  `
  CREATE TABLE job_processes (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    host TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    pid INTEGER NOT NULL,
    start_time TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (job_id, host, boot_id, pid, start_time)
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE jobs ADD COLUMN requests INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE jobs ADD COLUMN auto_requeued INTEGER NOT NULL DEFAULT 0 CHECK (auto_requeued IN (0, 1));
  ALTER TABLE jobs ADD COLUMN staging TEXT NOT NULL DEFAULT 'none' CHECK (staging IN ('none', 'present', 'abandoned'));
  ALTER TABLE jobs ADD COLUMN staging_due_at INTEGER;
  UPDATE jobs SET staging = CASE WHEN state IN ('FAILED', 'RUNNING', 'AWAITING_VERIFY') OR (state = 'QUEUED' AND epoch > 0) THEN 'present'
    WHEN state = 'CANCELLED' AND epoch > 0 THEN 'abandoned' ELSE 'none' END;
  UPDATE jobs SET staging_due_at = 0 WHERE staging = 'abandoned';
  ALTER TABLE jobs ADD COLUMN next_run TEXT;
  CREATE INDEX jobs_abandoned ON jobs (staging_due_at) WHERE staging = 'abandoned';
  `,
  // 3: verify passes after VERIFIED. proven_at is null where a newer generation has taken the place: the audit leaves it alone.
  `
  ALTER TABLE proofs ADD COLUMN occasion TEXT NOT NULL DEFAULT 'publish' CHECK (occasion IN ('publish', 'audit', 'verify', 'reclaim'));
  ALTER TABLE proofs ADD COLUMN voided_at INTEGER;
  ALTER TABLE jobs ADD COLUMN proven_at INTEGER;
  ALTER TABLE jobs ADD COLUMN audit_after INTEGER;
  ALTER TABLE jobs ADD COLUMN damage TEXT;
  UPDATE jobs SET proven_at = verified_at WHERE verified_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM jobs n WHERE n.source_id = jobs.source_id AND n.destination = jobs.destination AND n.final_name = jobs.final_name
      AND n.verified_at IS NOT NULL AND n.generation > jobs.generation);
  CREATE INDEX jobs_proven ON jobs (destination, proven_at) WHERE proven_at IS NOT NULL;
  CREATE TABLE verify_passes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    occasion TEXT NOT NULL CHECK (occasion IN ('audit', 'verify', 'reclaim')),
    owner TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    lease_until INTEGER,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    outcome TEXT CHECK (outcome IN ('proven', 'damaged', 'unknown', 'superseded', 'lost')),
    CHECK ((outcome IS NULL) = (lease_until IS NOT NULL))
  ) STRICT;
  CREATE UNIQUE INDEX verify_passes_one ON verify_passes (job_id) WHERE lease_until IS NOT NULL;
  CREATE INDEX verify_passes_job ON verify_passes (job_id);
  CREATE INDEX verify_passes_started ON verify_passes (started_at);
  `,
  // 4: what each source was meant for, whatever becomes of the jobs' rows; and reclaims, with the places they have freed.
  `
  CREATE TABLE source_destinations (
    source_id TEXT NOT NULL,
    destination TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (source_id, destination)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO source_destinations (source_id, destination, since) SELECT source_id, destination, min(created_at) FROM jobs GROUP BY source_id, destination;

  CREATE TABLE reclaims (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    source_id TEXT NOT NULL,
    source TEXT NOT NULL,
    source_json TEXT NOT NULL,
    seal_id TEXT NOT NULL,
    seal_digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'stopped')),
    asked_by TEXT NOT NULL CHECK (asked_by IN ('person', 'reaper')),
    without TEXT NOT NULL,
    touched INTEGER NOT NULL DEFAULT 0 CHECK (touched IN (0, 1)),
    epoch INTEGER NOT NULL,
    owner TEXT,
    lease_until INTEGER,
    files_freed INTEGER NOT NULL DEFAULT 0,
    bytes_freed INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    evidence TEXT,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((state = 'open') = (lease_until IS NOT NULL)),
    CHECK ((state = 'open') = (ended_at IS NULL))
  ) STRICT;
  CREATE UNIQUE INDEX reclaims_open ON reclaims (source_id) WHERE state = 'open';
  CREATE INDEX reclaims_source ON reclaims (source_id, seq);

  CREATE TABLE reclaim_places (
    reclaim_id TEXT NOT NULL REFERENCES reclaims (id),
    job_id TEXT NOT NULL,
    destination TEXT NOT NULL,
    final_name TEXT NOT NULL,
    PRIMARY KEY (reclaim_id, job_id)
  ) STRICT, WITHOUT ROWID;
  `,
  // 5: a pause of the whole queue (0: none), and how far retention has come.
  `
  INSERT INTO counters (name, value) VALUES ('paused_at', 0), ('prune_begun_at', 0), ('prune_after_seq', 0);
  `,
  // 6: a source that was asked for with another filter while a job of it is on its way.
  `
  ALTER TABLE jobs ADD COLUMN next_source TEXT;
  `,
  // 7: what people look for by name in a long queue.
  `
  CREATE INDEX jobs_session ON jobs (session, seq) WHERE session IS NOT NULL;
  CREATE INDEX jobs_source ON jobs (source, seq);
  `,
  // 8: whether an owner of a reclaim was replaced without being known to be dead: what it may still do is not known either.
  `
  ALTER TABLE reclaims ADD COLUMN owner_lapsed INTEGER NOT NULL DEFAULT 0 CHECK (owner_lapsed IN (0, 1));
  `,
  // 9: how far the hashing is, apart from what was sent.
  `
  ALTER TABLE jobs ADD COLUMN hashing TEXT;
  `,
  // 10: when a person said that a destination was emptied or replaced: what was proven there before is not looked for any more.
  `
  ALTER TABLE destinations ADD COLUMN renewed_at INTEGER NOT NULL DEFAULT 0;
  `,
  // 11: by what the place behind a destination is told from another one under the same path.
  `
  ALTER TABLE destinations ADD COLUMN place TEXT;
  `,
];

/** The version this program writes. */
export const SCHEMA_VERSION: number = SCHEMA_STEPS.length;

/** `PRAGMA application_id` of a queue file: "LHQu". Another program's database is never touched. */
export const APPLICATION_ID = 0x4c485175;
