-- Version 6: replaying the quarantine (docs/EXACTLY_ONCE.md, "Replay").

-- When a row was replayed or discarded, and its offset in the chain of kind replay.
ALTER TABLE tidegate.quarantine ADD COLUMN settled_at timestamptz, ADD COLUMN replayed_as bigint;
CREATE OR REPLACE VIEW tidegate.rejected AS
  SELECT p.pipeline, p.topic AS kafka_topic, p.part, q.*
  FROM tidegate.quarantine q JOIN tidegate.partition p ON p.id = q.partition_id;

-- What a replay reads, in the order in which it reads; and what retention looks for.
CREATE INDEX quarantine_new ON tidegate.quarantine (topic, partition_id, "offset")
  WHERE status = 'new';
CREATE INDEX quarantine_settled ON tidegate.quarantine (settled_at) WHERE status <> 'new';

-- An event counts once: those that were replayed are in n_quarantined, and how many in n_replayed.
CREATE OR REPLACE VIEW tidegate.balance AS
  SELECT p.pipeline, p.topic, count(*) FILTER (WHERE k.own) AS segments,
         sum(n_in) FILTER (WHERE k.own) AS n_in, sum(n_loaded) FILTER (WHERE k.own) AS n_loaded,
         sum(n_tagged) FILTER (WHERE k.own) AS n_tagged,
         sum(n_quarantined) FILTER (WHERE k.own) AS n_quarantined,
         sum(n_late) FILTER (WHERE k.own) AS n_late,
         sum(n_dropped) FILTER (WHERE k.own) AS n_dropped,
         max(committed_at) AS committed_at,
         coalesce(sum(n_in) FILTER (WHERE NOT k.own), 0) AS n_replayed
  FROM tidegate.segment s JOIN tidegate.partition p ON p.id = s.partition_id,
  LATERAL (SELECT p.kind <> 'replay' AS own) k
  GROUP BY p.pipeline, p.topic;

-- The chain of kind replay that belongs to a partition, locked; made when it is new.
CREATE FUNCTION tidegate.replay_chain_v1(p_id int) RETURNS int
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  chain int;
BEGIN
  INSERT INTO tidegate.partition
    (pipeline, cluster_id, topic, part, incarnation, kind, first_offset)
  SELECT p.pipeline, p.cluster_id, p.topic, p.part, p.incarnation, 'replay', 0
  FROM tidegate.partition p WHERE p.id = p_id AND NOT EXISTS (
    SELECT FROM tidegate.partition r
    WHERE (r.pipeline, r.cluster_id, r.topic, r.part, r.kind, r.incarnation)
        = (p.pipeline, p.cluster_id, p.topic, p.part, 'replay', p.incarnation))
  ON CONFLICT DO NOTHING;
  SELECT r.id INTO STRICT chain FROM tidegate.partition p JOIN tidegate.partition r
    ON (r.pipeline, r.cluster_id, r.topic, r.part, r.kind, r.incarnation)
     = (p.pipeline, p.cluster_id, p.topic, p.part, 'replay', p.incarnation)
  WHERE p.id = p_id FOR NO KEY UPDATE OF r;
  RETURN chain;
END $$;

-- The end of a replay, for one partition: p_offsets are done with (loaded, dropped, late), those of
-- p_again were refused again. TG002: the breaker is open; TG003: a row is not new any more, which
-- its lock should have made impossible.
CREATE FUNCTION tidegate.replay_v1(
  p_id int, p_topic text, p_generation text, p_offsets bigint[],
  p_loaded int, p_tagged int, p_late int, p_dropped int,
  p_drops jsonb, p_lookups jsonb, p_again jsonb)
RETURNS void LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off AS $$
DECLARE
  n     int := cardinality(p_offsets);
  chain int;
  start bigint;
  done  int;
BEGIN
  IF EXISTS (SELECT FROM tidegate.breaker b JOIN tidegate.partition p ON p.id = p_id
             WHERE b.pipeline = p.pipeline AND b.topic = p_topic AND b.state <> 'closed') THEN
    RAISE EXCEPTION 'the breaker is open: %', p_topic USING ERRCODE = 'TG002', DETAIL = p_topic;
  END IF;
  UPDATE tidegate.quarantine q
  SET attempts = q.attempts + 1, generation = p_generation,
      stage = w.stage, rule = w.rule, field = w.field, reason = w.reason, issues = w.issues
  FROM jsonb_to_recordset(p_again)
    AS w(at bigint, stage text, rule text, field text, reason text, issues jsonb)
  WHERE q.partition_id = p_id AND q."offset" = w.at AND q.status = 'new';
  GET DIAGNOSTICS done = ROW_COUNT;
  IF n > 0 THEN
    chain := tidegate.replay_chain_v1(p_id);
    start := coalesce((SELECT s.to_offset FROM tidegate.segment s WHERE s.partition_id = chain
                    ORDER BY s.from_offset DESC LIMIT 1), 0);
    INSERT INTO tidegate.segment
      (partition_id, from_offset, to_offset, n_in, n_loaded, n_tagged, n_quarantined, n_late,
       n_dropped, drops, lookups, generation, committed_at)
    VALUES (chain, start, start + n, n, p_loaded, p_tagged, 0, p_late,
            p_dropped, p_drops -> p_id::text, p_lookups, p_generation, clock_timestamp());
    UPDATE tidegate.quarantine q
    SET status = 'replayed', attempts = q.attempts + 1, settled_at = now(),
        replayed_as = start + w.nth - 1
    FROM unnest(p_offsets) WITH ORDINALITY AS w(at, nth)
    WHERE q.partition_id = p_id AND q."offset" = w.at AND q.status = 'new';
    GET DIAGNOSTICS n = ROW_COUNT;
  END IF;
  IF n + done <> cardinality(p_offsets) + jsonb_array_length(p_again) THEN
    RAISE EXCEPTION 'rows of partition % are not new any more', p_id USING ERRCODE = 'TG003';
  END IF;
END $$;
