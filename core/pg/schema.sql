-- Version 1 of tidegate's state (docs/POSTGRES.md). Runs once, inside the upgrade's transaction.
CREATE SCHEMA IF NOT EXISTS tidegate;

-- The versions of this schema. A program of schema version P may use version S > P when P >=
-- usable_from of S.
CREATE TABLE tidegate.version (
  version      int PRIMARY KEY,
  usable_from  int NOT NULL,
  program      text NOT NULL,
  applied_at   timestamptz NOT NULL DEFAULT now()
);

-- One topic-partition of a pipeline and its present owner. Written at claim, renew and release
-- only.
CREATE TABLE tidegate.partition (
  id             int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline       text NOT NULL,
  cluster_id     text NOT NULL,
  topic          text NOT NULL,
  part           int NOT NULL,
  incarnation    int NOT NULL DEFAULT 1,
  kind           text NOT NULL DEFAULT 'kafka' CHECK (kind IN ('kafka', 'replay', 'reprocess')),
  first_offset   bigint,                          -- the beginning of the chain; null: not begun
  claim_id       bigint,                          -- random; changes with every owner
  owner          text,
  pid            int,                             -- the owner's loading session
  backend_start  timestamptz,
  claimed_at     timestamptz,
  former_pid     int,                             -- the session of an owner that never released it
  former_start   timestamptz,
  released       boolean NOT NULL DEFAULT true,
  UNIQUE (pipeline, cluster_id, topic, part, kind, incarnation)
) WITH (fillfactor = 50);

-- The ledger: one committed segment. The rows of a partition form a chain, from_offset of each =
-- to_offset of the one before; the key makes a fork impossible. Insert only. No foreign key: it
-- would lock the partition's row in each load.
CREATE TABLE tidegate.segment (
  partition_id   int NOT NULL,
  from_offset    bigint NOT NULL,
  to_offset      bigint NOT NULL CHECK (to_offset > from_offset),
  n_in           int NOT NULL,
  n_loaded       int NOT NULL,                    -- tagged ones included
  n_tagged       int NOT NULL CHECK (n_tagged BETWEEN 0 AND n_loaded),
  n_quarantined  int NOT NULL CHECK (n_quarantined >= 0),
  n_late         int NOT NULL CHECK (n_late >= 0),
  n_dropped      int NOT NULL CHECK (n_dropped >= 0),
  last_crc       bigint,                          -- CRC-32 of key + value of the last record
  last_offset    bigint,
  last_ts        timestamptz,
  max_kafka_ts   timestamptz,
  min_event_time timestamptz,                     -- over the rows that were loaded
  max_event_time timestamptz,
  committed_at   timestamptz NOT NULL,
  generation     text NOT NULL,
  drops          jsonb,                           -- reason -> rows
  lookups        jsonb,                           -- lookup -> version of the snapshot used
  PRIMARY KEY (partition_id, from_offset),
  CHECK (n_in = n_loaded + n_quarantined + n_late + n_dropped)
);

-- One rejected event with the reason.
CREATE TABLE tidegate.quarantine (
  partition_id  int NOT NULL,
  "offset"      bigint NOT NULL,
  kafka_ts      timestamptz,
  value_size    int NOT NULL,                     -- as it came; oversize ones are cut at 64 KiB
  attempts      int NOT NULL DEFAULT 0,           -- replays
  status        text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'replayed', 'discarded')),
  created_at    timestamptz NOT NULL DEFAULT now(),
  topic         text NOT NULL,                    -- the script's name
  stage         text NOT NULL,
  rule          text,
  field         text,
  reason        text NOT NULL,
  issues        jsonb,                            -- all issues, when there are several
  generation    text NOT NULL,
  key           bytea,
  value         bytea,
  headers       jsonb,                            -- [[name, text | null | {"hex": ..}], ..]
  PRIMARY KEY (partition_id, "offset")
);
CREATE INDEX quarantine_created_at ON tidegate.quarantine (created_at);

-- What a rule said about a load, when it was not pass, or the level had changed.
CREATE TABLE tidegate.verdict (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at    timestamptz NOT NULL DEFAULT now(),
  pipeline      text NOT NULL,
  generation    text NOT NULL,
  at            timestamptz,                      -- newest Kafka time of the load
  topic         text NOT NULL,                    -- the script's name
  rule          text NOT NULL,
  version       text,
  verdict       text NOT NULL CHECK (verdict IN ('pass', 'fail', 'error', 'skip')),
  level         text NOT NULL CHECK (level IN ('none', 'warn', 'critical')),
  shadow        boolean NOT NULL,
  evaluated     bigint NOT NULL,
  skipped       bigint NOT NULL,
  failed        bigint NOT NULL,
  seen          jsonb,                            -- observed expected low high score min max ..
  error         text,
  ranges        jsonb NOT NULL                    -- [{partition_id, part, from, to}, ..]
);
CREATE INDEX verdict_created_at ON tidegate.verdict (created_at);

-- A range of offsets that was skipped.
CREATE TABLE tidegate.gap (
  partition_id  int NOT NULL,
  from_offset   bigint NOT NULL,
  to_offset     bigint NOT NULL CHECK (to_offset > from_offset),
  reason        text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (partition_id, from_offset)
);

-- A set of scripts and rules with its files.
CREATE TABLE tidegate.generation (
  pipeline    text NOT NULL,
  sha256      text NOT NULL,
  files       jsonb NOT NULL,                     -- path -> text
  first_seen  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline, sha256)
);

CREATE TABLE tidegate.breaker (
  pipeline    text NOT NULL,
  topic       text NOT NULL,                      -- the script's name
  state       text NOT NULL CHECK (state IN ('closed', 'open')),
  reason      text,
  evidence    jsonb,
  changed_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline, topic)
);

-- Anything worth telling: reload, DDL, breaker move, claim, gap.
CREATE TABLE tidegate.journal (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at  timestamptz NOT NULL DEFAULT now(),
  pipeline    text NOT NULL,
  kind        text NOT NULL,
  topic       text,
  message     text NOT NULL,
  detail      jsonb
);

-- With names, for people.
CREATE VIEW tidegate.ledger AS
  SELECT p.pipeline, p.cluster_id, p.topic, p.part, p.incarnation, p.kind, s.*
  FROM tidegate.segment s JOIN tidegate.partition p ON p.id = s.partition_id;

CREATE VIEW tidegate.rejected AS
  SELECT p.pipeline, p.topic AS kafka_topic, p.part, q.*
  FROM tidegate.quarantine q JOIN tidegate.partition p ON p.id = q.partition_id;

CREATE VIEW tidegate.chain AS
  SELECT p.pipeline, p.topic, p.part, p.incarnation, p.kind, p.first_offset,
         coalesce((SELECT s.to_offset FROM tidegate.segment s WHERE s.partition_id = p.id
                   ORDER BY s.from_offset DESC LIMIT 1), p.first_offset) AS next_offset,
         p.owner, p.released, p.claimed_at, p.pid, p.id AS partition_id
  FROM tidegate.partition p;

CREATE VIEW tidegate.balance AS
  SELECT p.pipeline, p.topic, count(*) AS segments, sum(n_in) AS n_in, sum(n_loaded) AS n_loaded,
         sum(n_tagged) AS n_tagged, sum(n_quarantined) AS n_quarantined, sum(n_late) AS n_late,
         sum(n_dropped) AS n_dropped, max(committed_at) AS committed_at
  FROM tidegate.segment s JOIN tidegate.partition p ON p.id = s.partition_id
  GROUP BY p.pipeline, p.topic;

-- Bytes for people: as text where they are UTF-8 without NUL, else as hex.
CREATE FUNCTION tidegate.readable_v1(bytes bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN convert_from(bytes, 'UTF8');
EXCEPTION WHEN OTHERS THEN
  RETURN '\x' || encode(bytes, 'hex');
END $$;
