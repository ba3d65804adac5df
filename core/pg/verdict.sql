-- Version 4: what is judged by windows and by the clock has rows of tidegate.verdict too, and a
-- topic has a clock before anybody has claimed a partition of it (docs/POSTGRES.md).

-- Of the window that was judged; null in the verdicts of loads and of the clock.
ALTER TABLE tidegate.verdict ADD COLUMN window_start timestamptz, ADD COLUMN window_end timestamptz;

-- A window has one verdict of a rule, whoever judged it and whatever died.
CREATE UNIQUE INDEX verdict_window
  ON tidegate.verdict (pipeline, topic, rule, window_start, window_end)
  WHERE window_start IS NOT NULL;

ALTER TABLE tidegate.window
  ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();  -- the pipeline's first sight of the topic

ALTER TABLE tidegate.cell
  ADD COLUMN told text NOT NULL DEFAULT 'pass none';      -- by the clock: verdict and level

-- As progress_v1, but only of the newest incarnation of each partition: nobody reads an older one
-- again, and it would hold all windows up. The clock is told by the lease.
CREATE FUNCTION tidegate.progress_v2(p_pipeline text, p_topics text[])
RETURNS TABLE (newest_us bigint, moved_us bigint, event_us bigint)
LANGUAGE sql VOLATILE SET enable_seqscan = off AS $$
  SELECT (extract(epoch FROM s.max_kafka_ts) * 1000000)::bigint,
         (extract(epoch FROM CASE WHEN w.owned THEN greatest(s.committed_at, w.claimed_at)
                                  ELSE clock_timestamp() END) * 1000000)::bigint,
         (extract(epoch FROM s.max_event_time) * 1000000)::bigint
  FROM (SELECT DISTINCT ON (p.topic, p.part) p.id, p.claimed_at, NOT p.released AND EXISTS (
               SELECT FROM pg_stat_activity a
               WHERE a.pid = p.pid AND a.backend_start = p.backend_start) AS owned
        FROM tidegate.partition p
        WHERE p.pipeline = p_pipeline AND p.topic = ANY (p_topics) AND p.kind = 'kafka'
        ORDER BY p.topic, p.part, p.incarnation DESC) w
  LEFT JOIN LATERAL (
    SELECT g.max_kafka_ts, g.committed_at, g.max_event_time FROM tidegate.segment g
    WHERE g.partition_id = w.id AND g.max_kafka_ts IS NOT NULL
    ORDER BY g.from_offset DESC LIMIT 1) s ON true
$$;
