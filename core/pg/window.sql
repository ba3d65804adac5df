-- Measures over windows of Kafka time (docs/POSTGRES.md): lanes commit what they measured with
-- their loads, and whoever holds the lock of the topic's row in tidegate.window merges and judges.

-- What rules measured in one window; merged rows are the judge's own. Emptied once judged.
CREATE TABLE tidegate.summary (
  pipeline  text NOT NULL,
  topic     text NOT NULL,                        -- the script's name
  rule      text NOT NULL,
  start_us  bigint NOT NULL,                      -- microseconds since 1970
  over_us   bigint NOT NULL,
  merged    boolean NOT NULL DEFAULT false,
  data      bytea NOT NULL
);
CREATE INDEX summary_topic ON tidegate.summary (pipeline, topic);

CREATE TABLE tidegate.window (
  pipeline   text NOT NULL,
  topic      text NOT NULL,
  closed_us  bigint,                              -- windows that ended by then were judged
  PRIMARY KEY (pipeline, topic)
);

-- What a rule that is judged per topic remembers.
CREATE TABLE tidegate.cell (
  pipeline   text NOT NULL,
  topic      text NOT NULL,
  rule       text NOT NULL,
  data       bytea NOT NULL,
  judged_at  timestamptz NOT NULL,
  PRIMARY KEY (pipeline, topic, rule)
);

-- How far each partition is: Kafka time of its newest event, since when nothing has come, newest
-- event time; and the server's clock. A partition without an owner whose session lives does not
-- rest: nobody knows what waits for it in Kafka.
CREATE FUNCTION tidegate.progress_v1(p_pipeline text, p_topics text[])
RETURNS TABLE (newest_us bigint, moved_us bigint, event_us bigint, now_us bigint)
LANGUAGE sql VOLATILE SET enable_seqscan = off AS $$
  SELECT (extract(epoch FROM s.max_kafka_ts) * 1000000)::bigint,
         (extract(epoch FROM CASE WHEN w.owned THEN greatest(s.committed_at, w.claimed_at)
                                  ELSE clock_timestamp() END) * 1000000)::bigint,
         (extract(epoch FROM s.max_event_time) * 1000000)::bigint,
         (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
  FROM (SELECT p.id, p.claimed_at, NOT p.released AND EXISTS (
               SELECT FROM pg_stat_activity a
               WHERE a.pid = p.pid AND a.backend_start = p.backend_start) AS owned
        FROM tidegate.partition p
        WHERE p.pipeline = p_pipeline AND p.topic = ANY (p_topics) AND p.kind = 'kafka') w
  LEFT JOIN LATERAL (
    SELECT g.max_kafka_ts, g.committed_at, g.max_event_time FROM tidegate.segment g
    WHERE g.partition_id = w.id AND g.max_kafka_ts IS NOT NULL
    ORDER BY g.from_offset DESC LIMIT 1) s ON true
$$;
