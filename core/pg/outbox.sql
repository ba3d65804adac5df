-- Version 3: records on their way to Kafka (docs/EXACTLY_ONCE.md, "Outputs").

-- What a segment emits, packed (core/data/emitted.h), written in its load, in pieces. Read by
-- (partition_id, from_offset); gone once it is in Kafka. Stored as it is: rows live for a moment.
CREATE TABLE tidegate.outbox (
  partition_id  int NOT NULL,
  from_offset   bigint NOT NULL,                  -- of the segment
  piece         int NOT NULL,                     -- 0, 1, ..
  records       int NOT NULL,
  generation    text NOT NULL,
  data          bytea NOT NULL,
  PRIMARY KEY (partition_id, from_offset, piece)
);
ALTER TABLE tidegate.outbox ALTER COLUMN data SET STORAGE EXTERNAL;

-- Who emits what the partition's segments put into the outbox: the transactional id of the process
-- that does or did it; '' when it has let go in order; null: no output was ever configured, and the
-- offset that the group committed is only for lag tools.
ALTER TABLE tidegate.partition ADD COLUMN relay text;
