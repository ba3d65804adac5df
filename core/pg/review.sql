-- Version 7: reviewing rows that were loaded with issues (docs/POSTGRES.md).

-- A row that somebody has looked at. The queue is what has _issues and is not here.
CREATE TABLE tidegate.review (
  partition_id  int NOT NULL,                     -- _part
  "offset"      bigint NOT NULL,                  -- _offset
  topic         text NOT NULL,                    -- the script's name
  reviewed_at   timestamptz NOT NULL DEFAULT now(),
  reviewer      text NOT NULL,
  reason        text NOT NULL,
  PRIMARY KEY (partition_id, "offset")
);
CREATE INDEX review_reviewed_at ON tidegate.review (reviewed_at);

-- The first offset that a partition's chain has committed since then, null when there is none.
-- Reads the chain backwards, no further than it must.
CREATE FUNCTION tidegate.offset_since_v1(p_id int, p_since timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  s     record;
  found bigint;
BEGIN
  FOR s IN SELECT from_offset, committed_at FROM tidegate.segment
           WHERE partition_id = p_id ORDER BY from_offset DESC LOOP
    EXIT WHEN s.committed_at < p_since;
    found := s.from_offset;
  END LOOP;
  RETURN found;
END $$;
