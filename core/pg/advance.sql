-- The end of every load: breakers and claims are checked and the ledger rows inserted
-- (docs/EXACTLY_ONCE.md).

-- Microseconds since 1970 as a time, exactly; the C side sends null for what is out of range.
CREATE FUNCTION tidegate.us_v1(us bigint) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT timestamptz 'epoch' + make_interval(days => (us / 86400000000)::int,
                                             secs => (us % 86400000000) / 1e6::float8)
$$;

-- One set-based insert, in id order. Look-ups are correlated and by key; the settings keep a
-- planner that knows nothing of a table that was empty a minute ago from reading it as a whole.
-- ON CONFLICT waits for a transaction in flight that holds the same key, and then the count tells.
-- TG002: breakers are open, DETAIL has their topics. TG001: segments are fenced, DETAIL has all
-- their partition ids.
CREATE FUNCTION tidegate.advance_v1(
  p_pipeline text, p_generation text, p_topics text[],
  p_id int[], p_claim bigint[], p_from bigint[], p_to bigint[],
  p_in int[], p_loaded int[], p_tagged int[], p_quarantined int[], p_late int[], p_dropped int[],
  p_drops jsonb,
  p_event_min bigint[], p_event_max bigint[], p_kafka_max bigint[],
  p_last_offset bigint[], p_last_us bigint[], p_last_crc bigint[], p_checked boolean DEFAULT true,
  p_lookups jsonb DEFAULT NULL)
RETURNS int LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off AS $$
DECLARE
  held   text;
  done   int[];
  fenced int[];
BEGIN
  SELECT string_agg(b.topic, ',' ORDER BY b.topic) INTO held FROM tidegate.breaker b
  WHERE b.pipeline = p_pipeline AND b.topic = ANY (p_topics) AND b.state = 'open';
  IF held IS NOT NULL THEN
    RAISE EXCEPTION 'the breaker is open: %', held USING ERRCODE = 'TG002', DETAIL = held;
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
