-- Version 10: a topic's breaker with its four states, what opened it, and the ranges that are tried
-- before it closes (docs/BREAKER.md).

ALTER TABLE tidegate.breaker DROP CONSTRAINT breaker_state_check;
ALTER TABLE tidegate.breaker
  ADD CONSTRAINT breaker_state_check CHECK (state IN ('closed', 'open', 'half_open', 'held')),
  ADD COLUMN rule text,                           -- that opened it; null: no single one
  ADD COLUMN generation text,                     -- that judged so
  ADD COLUMN failures int NOT NULL DEFAULT 0,     -- critical verdicts since it was closed last
  ADD COLUMN cooldown_us bigint NOT NULL DEFAULT 0,
  ADD COLUMN probe_at timestamptz,                -- open: not tried before by itself
  ADD COLUMN cause_changed boolean NOT NULL DEFAULT false,
  ADD COLUMN before text CHECK (before IN ('closed', 'open')),  -- held: where it goes on
  ADD COLUMN hold_until timestamptz,              -- held: null = until somebody acts
  ADD COLUMN hold_by text,
  ADD COLUMN hold_reason text;

-- Offsets that must be clean, or decided, before the breaker closes; one range a partition. It is
-- through once the chain of its partition has come to its end; an empty one only says where rows
-- begin that are counted as the trial.
CREATE TABLE tidegate.breaker_range (
  pipeline      text NOT NULL,
  topic         text NOT NULL,
  partition_id  int NOT NULL,
  from_offset   bigint NOT NULL,
  to_offset     bigint NOT NULL CHECK (to_offset >= from_offset),
  cut           int NOT NULL,                     -- ranges of one number were one batch
  verdict       text CHECK (verdict IN ('accept', 'quarantine', 'whole')),
  decided_by    text,
  at_end        boolean NOT NULL DEFAULT false,   -- nothing behind it that could be tried
  PRIMARY KEY (pipeline, topic, partition_id)
);

CREATE FUNCTION tidegate.next_offset_v1(p_id int) RETURNS bigint
LANGUAGE sql VOLATILE SET enable_seqscan = off AS $$
  SELECT coalesce((SELECT s.to_offset FROM tidegate.segment s WHERE s.partition_id = p_id
                   ORDER BY s.from_offset DESC LIMIT 1),
                  (SELECT p.first_offset FROM tidegate.partition p WHERE p.id = p_id))
$$;

-- Adds the ranges of a batch that failed; of none: an empty range at the end of each partition of
-- these Kafka topics. Ranges that are through by now leave; one that is not and that the batch
-- touches becomes part of it.
CREATE FUNCTION tidegate.breaker_cut_v1(p_pipeline text, p_topic text, p_kafka text[],
                                        p_id int[], p_from bigint[], p_to bigint[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  n int;
BEGIN
  DELETE FROM tidegate.breaker_range r WHERE r.pipeline = p_pipeline AND r.topic = p_topic
    AND tidegate.next_offset_v1(r.partition_id) >= r.to_offset;
  SELECT coalesce(max(r.cut), 0) + 1 INTO n FROM tidegate.breaker_range r
  WHERE r.pipeline = p_pipeline AND r.topic = p_topic;
  INSERT INTO tidegate.breaker_range AS r
    (pipeline, topic, partition_id, from_offset, to_offset, cut)
  SELECT p_pipeline, p_topic, w.id, w.from_offset, w.to_offset, n
  FROM unnest(p_id, p_from, p_to) AS w(id, from_offset, to_offset)
  UNION ALL
  SELECT p_pipeline, p_topic, w.id, w.at, w.at, n
  FROM (SELECT DISTINCT ON (p.topic, p.part) p.id, tidegate.next_offset_v1(p.id) AS at
        FROM tidegate.partition p
        WHERE cardinality(p_id) = 0 AND p.pipeline = p_pipeline AND p.topic = ANY (p_kafka)
          AND p.kind = 'kafka'
        ORDER BY p.topic, p.part, p.incarnation DESC) w WHERE w.at IS NOT NULL
  ON CONFLICT (pipeline, topic, partition_id) DO UPDATE SET
    from_offset = least(r.from_offset, excluded.from_offset),
    to_offset = greatest(r.to_offset, excluded.to_offset),
    cut = excluded.cut, verdict = NULL, decided_by = NULL, at_end = false;
END $$;

-- The ranges of a topic and how far each is; partitions that began anew since then are left out.
CREATE FUNCTION tidegate.breaker_ranges_v1(p_pipeline text, p_topic text)
RETURNS TABLE (partition_id int, kafka_topic text, part int, from_offset bigint, to_offset bigint,
               cut int, verdict text, decided_by text, at_end boolean, next_offset bigint,
               tried bigint)
LANGUAGE sql VOLATILE SET enable_seqscan = off AS $$
  SELECT r.partition_id, p.topic, p.part, r.from_offset, r.to_offset, r.cut, r.verdict,
         r.decided_by, r.at_end, tidegate.next_offset_v1(r.partition_id),
         (SELECT coalesce(sum(s.n_in), 0) FROM tidegate.segment s
          WHERE s.partition_id = r.partition_id AND s.from_offset >= r.to_offset)
  FROM tidegate.breaker_range r JOIN tidegate.partition p ON p.id = r.partition_id
  WHERE r.pipeline = p_pipeline AND r.topic = p_topic AND NOT EXISTS (
    SELECT FROM tidegate.partition n
    WHERE (n.pipeline, n.cluster_id, n.topic, n.part, n.kind)
        = (p.pipeline, p.cluster_id, p.topic, p.part, p.kind) AND n.incarnation > p.incarnation)
  ORDER BY r.cut, p.topic, p.part
$$;

-- As advance_v1, for breakers with four states. p_topic: of each segment, the place of its topic in
-- p_topics. While a breaker is half open only partitions with a range of it go on; without p_topic,
-- none.
-- TG002: breakers stand in the way, DETAIL has their topics. TG001: segments are fenced, DETAIL has
-- all their partition ids.
CREATE FUNCTION tidegate.advance_v2(
  p_pipeline text, p_generation text, p_topics text[],
  p_id int[], p_claim bigint[], p_from bigint[], p_to bigint[],
  p_in int[], p_loaded int[], p_tagged int[], p_quarantined int[], p_late int[], p_dropped int[],
  p_drops jsonb,
  p_event_min bigint[], p_event_max bigint[], p_kafka_max bigint[],
  p_last_offset bigint[], p_last_us bigint[], p_last_crc bigint[], p_checked boolean DEFAULT true,
  p_lookups jsonb DEFAULT NULL, p_topic int[] DEFAULT NULL)
RETURNS int LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off AS $$
DECLARE
  held   text;
  done   int[];
  fenced int[];
BEGIN
  SELECT string_agg(b.topic, ',' ORDER BY b.topic) INTO held FROM tidegate.breaker b
  WHERE b.pipeline = p_pipeline AND b.topic = ANY (p_topics) AND b.state <> 'closed'
    AND (b.state <> 'half_open' OR p_topic IS NULL OR EXISTS (
      SELECT FROM unnest(p_id, p_topic) AS w(id, topic)
      WHERE p_topics[w.topic] = b.topic AND NOT EXISTS (
        SELECT FROM tidegate.breaker_range r
        WHERE r.pipeline = b.pipeline AND r.topic = b.topic AND r.partition_id = w.id)));
  IF held IS NOT NULL THEN
    RAISE EXCEPTION 'the breaker is not closed: %', held USING ERRCODE = 'TG002', DETAIL = held;
  END IF;

  WITH inserted AS (
  INSERT INTO tidegate.segment
    (partition_id, from_offset, to_offset,
     n_in, n_loaded, n_tagged, n_quarantined, n_late, n_dropped, drops,
     min_event_time, max_event_time, max_kafka_ts, last_offset, last_ts, last_crc,
     generation, lookups, committed_at)
  SELECT w.id, w.from_offset, w.to_offset,
         w.n_in, w.loaded, w.tagged, w.quarantined, w.late, w.dropped,
         p_drops -> w.id::text, tidegate.us_v1(w.event_min), tidegate.us_v1(w.event_max),
         tidegate.us_v1(w.kafka_max), w.last_offset, tidegate.us_v1(w.last_us), w.last_crc,
         p_generation, p_lookups -> w.id::text, clock_timestamp()
  FROM unnest(p_id, p_claim, p_from, p_to,
              p_in, p_loaded, p_tagged, p_quarantined, p_late, p_dropped,
              p_event_min, p_event_max, p_kafka_max, p_last_offset, p_last_us, p_last_crc)
    AS w(id, claim, from_offset, to_offset,
         n_in, loaded, tagged, quarantined, late, dropped,
         event_min, event_max, kafka_max, last_offset, last_us, last_crc)
  WHERE NOT p_checked
     OR (w.claim = (SELECT p.claim_id FROM tidegate.partition p
                    WHERE p.id = w.id AND p.pid = pg_backend_pid() AND NOT p.released)
         AND w.from_offset = coalesce(
           (SELECT s.to_offset FROM tidegate.segment s WHERE s.partition_id = w.id
            ORDER BY s.from_offset DESC LIMIT 1),
           (SELECT p.first_offset FROM tidegate.partition p WHERE p.id = w.id)))
  ORDER BY w.id, w.from_offset
  ON CONFLICT DO NOTHING
  RETURNING partition_id)
  SELECT array_agg(partition_id) INTO done FROM inserted;

  IF p_checked AND cardinality(p_id) <> coalesce(cardinality(done), 0) THEN
    fenced := ARRAY(SELECT id FROM unnest(p_id) AS id WHERE id <> ALL (coalesce(done, '{}'))
                    ORDER BY id);
    RAISE EXCEPTION 'the claim was lost or the chain goes on elsewhere for % of % segments',
      cardinality(fenced), cardinality(p_id)
      USING ERRCODE = 'TG001', DETAIL = array_to_string(fenced, ',');
  END IF;
  RETURN cardinality(done);
END $$;

-- For programs that know two states: a breaker that is not closed is open.
CREATE OR REPLACE FUNCTION tidegate.advance_v1(
  p_pipeline text, p_generation text, p_topics text[],
  p_id int[], p_claim bigint[], p_from bigint[], p_to bigint[],
  p_in int[], p_loaded int[], p_tagged int[], p_quarantined int[], p_late int[], p_dropped int[],
  p_drops jsonb,
  p_event_min bigint[], p_event_max bigint[], p_kafka_max bigint[],
  p_last_offset bigint[], p_last_us bigint[], p_last_crc bigint[], p_checked boolean DEFAULT true,
  p_lookups jsonb DEFAULT NULL)
RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN tidegate.advance_v2(
    p_pipeline, p_generation, p_topics, p_id, p_claim, p_from, p_to,
    p_in, p_loaded, p_tagged, p_quarantined, p_late, p_dropped, p_drops,
    p_event_min, p_event_max, p_kafka_max, p_last_offset, p_last_us, p_last_crc, p_checked,
    p_lookups);
END $$;
