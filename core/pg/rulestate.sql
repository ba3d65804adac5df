-- Version 2: what rules remember by key (docs/STATE.md).

-- A base is all that a rule remembers of a partition at to_offset, a delta what the segment
-- [from_offset, to_offset) changed. Written in that segment's load; a base takes the older rows
-- with it. Stored as it is: it does not compress.
CREATE TABLE tidegate.rule_state (
  partition_id  int NOT NULL,
  rule          text NOT NULL,                    -- id of the rule in its topic
  from_offset   bigint NOT NULL,
  to_offset     bigint NOT NULL CHECK (to_offset > from_offset),
  declared      text NOT NULL,                    -- hash of the rule's declaration
  kind          text NOT NULL CHECK (kind IN ('base', 'delta')),
  state         bytea NOT NULL,
  PRIMARY KEY (partition_id, rule, from_offset)
);
ALTER TABLE tidegate.rule_state ALTER COLUMN state SET STORAGE EXTERNAL;
