-- Rules that are watched before they act (docs/RULES.md, Bake).

-- Before until_us, by Kafka time, the rule judges in shadow. Written when a process first runs this
-- version of the rule, and never changed.
CREATE TABLE tidegate.bake (
  pipeline     text NOT NULL,
  topic        text NOT NULL,                     -- the script's name
  rule         text NOT NULL,
  fingerprint  text NOT NULL,                     -- of its file and its arguments
  until_us     bigint NOT NULL,                   -- microseconds since 1970
  at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline, topic, rule, fingerprint)
);

-- until_us of a version of a rule. One that was never here is watched from the newest event on that
-- its topic has loaded; where nothing was loaded there is nothing to disturb, and it acts at once.
-- Of a rule's versions the 16 newest are kept.
CREATE FUNCTION tidegate.bake_v1(p_pipeline text, p_topic text, p_rule text, p_fingerprint text,
                                 p_bake_us bigint, p_kafka text[])
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO tidegate.bake (pipeline, topic, rule, fingerprint, until_us)
  SELECT p_pipeline, p_topic, p_rule, p_fingerprint,
         CASE WHEN max(newest_us) IS NULL THEN -9223372036854775808
              ELSE least(max(newest_us)::numeric + p_bake_us, 9223372036854775807) END
  FROM tidegate.progress_v1(p_pipeline, p_kafka)
  ON CONFLICT DO NOTHING;
  DELETE FROM tidegate.bake b WHERE (b.pipeline, b.topic, b.rule) = (p_pipeline, p_topic, p_rule)
    AND b.fingerprint <> p_fingerprint AND b.fingerprint NOT IN (
      SELECT n.fingerprint FROM tidegate.bake n
      WHERE (n.pipeline, n.topic, n.rule) = (p_pipeline, p_topic, p_rule)
      ORDER BY n.at DESC LIMIT 16);
  RETURN (SELECT b.until_us FROM tidegate.bake b
          WHERE (b.pipeline, b.topic, b.rule, b.fingerprint)
              = (p_pipeline, p_topic, p_rule, p_fingerprint));
END $$;
