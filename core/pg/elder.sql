-- Who acts while a changed rule bakes (docs/RULES.md, Bake).

-- The generation whose version of the rule acts until then; null: nobody does.
ALTER TABLE tidegate.bake ADD COLUMN elder text;

-- The generation of the newest segment of these topics.
CREATE FUNCTION tidegate.loaded_by_v1(p_pipeline text, p_topics text[])
RETURNS text LANGUAGE sql VOLATILE SET enable_seqscan = off AS $$
  SELECT s.generation
  FROM tidegate.partition p, LATERAL (
    SELECT g.generation, g.committed_at FROM tidegate.segment g
    WHERE g.partition_id = p.id AND g.max_kafka_ts IS NOT NULL
    ORDER BY g.from_offset DESC LIMIT 1) s
  WHERE p.pipeline = p_pipeline AND p.topic = ANY (p_topics) AND p.kind = 'kafka'
  ORDER BY s.committed_at DESC LIMIT 1
$$;

-- As bake_v1; elder of a version that was changed while the one before was still watched is the
-- elder of that one. It is told while a partition has not come to until_us.
CREATE FUNCTION tidegate.bake_v2(p_pipeline text, p_topic text, p_rule text, p_fingerprint text,
                                 p_bake_us bigint, p_kafka text[],
                                 OUT until_us bigint, OUT elder text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  newest bigint; -- of the partitions' newest events
  oldest bigint;
  before tidegate.bake;
BEGIN
  SELECT max(newest_us), min(newest_us) INTO newest, oldest
  FROM tidegate.progress_v1(p_pipeline, p_kafka);
  IF NOT EXISTS (SELECT FROM tidegate.bake b
                 WHERE (b.pipeline, b.topic, b.rule, b.fingerprint)
                     = (p_pipeline, p_topic, p_rule, p_fingerprint)) THEN
    SELECT * INTO before FROM tidegate.bake b
    WHERE (b.pipeline, b.topic, b.rule) = (p_pipeline, p_topic, p_rule)
    ORDER BY b.at DESC LIMIT 1;
    elder := CASE WHEN before.until_us > newest THEN before.elder
                  ELSE tidegate.loaded_by_v1(p_pipeline, p_kafka) END;
  END IF;
  PERFORM tidegate.bake_v1(p_pipeline, p_topic, p_rule, p_fingerprint, p_bake_us, p_kafka);
  IF elder IS NOT NULL THEN -- decided once: who came at the same moment has decided the same
    UPDATE tidegate.bake b SET elder = bake_v2.elder
    WHERE (b.pipeline, b.topic, b.rule, b.fingerprint)
        = (p_pipeline, p_topic, p_rule, p_fingerprint) AND b.elder IS NULL;
  END IF;
  SELECT b.until_us, CASE WHEN oldest < b.until_us THEN b.elder END INTO until_us, elder
  FROM tidegate.bake b
  WHERE (b.pipeline, b.topic, b.rule, b.fingerprint)
      = (p_pipeline, p_topic, p_rule, p_fingerprint);
END $$;
