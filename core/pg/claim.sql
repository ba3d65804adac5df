-- Claims: becoming, staying and ceasing to be the owner of partitions (docs/EXACTLY_ONCE.md). Rows
-- are always locked in id order, so that two claimers cannot deadlock.

-- The newest incarnation of each of these partitions, in id order.
CREATE FUNCTION tidegate.partition_ids_v1(
  p_pipeline text, p_cluster text, p_topics text[], p_parts int[])
RETURNS int[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(id ORDER BY id) FROM (
    SELECT DISTINCT ON (p.topic, p.part) p.id
    FROM unnest(p_topics, p_parts) AS w(topic, part)
    JOIN tidegate.partition p
      ON p.pipeline = p_pipeline AND p.cluster_id = p_cluster AND p.kind = 'kafka'
      AND p.topic = w.topic AND p.part = w.part
    ORDER BY p.topic, p.part, p.incarnation DESC) newest
$$;

-- Makes this session their owner, under the new claim. The session of an owner that never released
-- them is remembered as former, until it is gone.
CREATE FUNCTION tidegate.claim_take_v1(
  p_pipeline text, p_cluster text, p_owner text, p_claim bigint, p_topics text[], p_parts int[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  other record;
  ids   int[];
  since timestamptz := (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid());
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  SELECT topic, cluster_id INTO other FROM tidegate.partition
  WHERE pipeline = p_pipeline AND topic = ANY (p_topics) AND kind = 'kafka'
    AND cluster_id <> p_cluster LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'TG003', MESSAGE = format(
      'topic %s of pipeline %s was loaded from the cluster with id %s before, this one is %s: '
      'use another pipeline name, or, if the records and offsets are the same: '
      'tidegate partitions adopt %s --from-cluster %s --yes',
      other.topic, p_pipeline, other.cluster_id, p_cluster, other.topic, other.cluster_id);
  END IF;

  INSERT INTO tidegate.partition (pipeline, cluster_id, topic, part)
  SELECT p_pipeline, p_cluster, w.topic, w.part FROM unnest(p_topics, p_parts) AS w(topic, part)
  WHERE NOT EXISTS (SELECT FROM tidegate.partition p
                    WHERE p.pipeline = p_pipeline AND p.cluster_id = p_cluster
                      AND p.kind = 'kafka' AND p.topic = w.topic AND p.part = w.part)
  ORDER BY w.topic, w.part
  ON CONFLICT DO NOTHING;

  ids := tidegate.partition_ids_v1(p_pipeline, p_cluster, p_topics, p_parts);
  PERFORM FROM tidegate.partition WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
  UPDATE tidegate.partition p SET
    former_pid = CASE WHEN released OR mine THEN NULL WHEN alive THEN pid ELSE former_pid END,
    former_start = CASE WHEN released OR mine THEN NULL WHEN alive THEN backend_start
                        ELSE former_start END,
    claim_id = p_claim, owner = p_owner, pid = pg_backend_pid(), backend_start = since,
    claimed_at = clock_timestamp(), released = false
  FROM (SELECT o.id, o.pid = pg_backend_pid() AND o.backend_start = since AS mine,
               EXISTS (SELECT FROM pg_stat_activity a
                       WHERE a.pid = o.pid AND a.backend_start = o.backend_start) AS alive
        FROM tidegate.partition o WHERE o.id = ANY (ids)) old
  WHERE p.id = old.id;
END $$;

-- Ends the sessions of former owners of these partitions: those that no current claim names, and
-- with p_blocked also those whose transaction is older than our claim (it can never commit our
-- partition, but may hold locks we wait for). Returns how many. Another role's session that we may
-- not end is left alone.
CREATE FUNCTION tidegate.claim_evict_v1(p_id int[], p_blocked boolean) RETURNS int
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  stale int;
  n     int := 0;
BEGIN
  FOR stale IN
    SELECT DISTINCT a.pid FROM tidegate.partition p
    JOIN pg_stat_activity a ON a.pid = p.former_pid AND a.backend_start = p.former_start
    WHERE p.id = ANY (p_id) AND a.pid <> pg_backend_pid() AND a.application_name LIKE 'tidegate%'
      AND ((p_blocked AND a.xact_start < p.claimed_at)
           OR NOT EXISTS (SELECT FROM tidegate.partition q WHERE q.pid = a.pid
                          AND q.backend_start = a.backend_start AND NOT q.released))
  LOOP
    BEGIN
      IF pg_terminate_backend(stale, 2000) THEN n := n + 1; END IF;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP;
  RETURN n;
END $$;

-- Where the chains end, and the last record each ledger knows.
CREATE FUNCTION tidegate.chain_end_v1(p_id int)
RETURNS TABLE (next bigint, last_offset bigint, last_us bigint, last_crc bigint)
LANGUAGE sql VOLATILE SET enable_seqscan = off AS $$
  SELECT coalesce((SELECT s.to_offset FROM tidegate.segment s WHERE s.partition_id = p_id
                   ORDER BY s.from_offset DESC LIMIT 1), p.first_offset, -1),
         l.last_offset, (extract(epoch FROM l.last_ts) * 1000000)::bigint, l.last_crc
  FROM tidegate.partition p
  LEFT JOIN LATERAL (
    SELECT r.* FROM (SELECT s.from_offset, s.last_offset, s.last_ts, s.last_crc
                     FROM tidegate.segment s WHERE s.partition_id = p_id
                     ORDER BY s.from_offset DESC LIMIT 16) r
    WHERE r.last_offset IS NOT NULL ORDER BY r.from_offset DESC LIMIT 1) l ON true
  WHERE p.id = p_id
$$;

-- Brings our claims to this session.
CREATE FUNCTION tidegate.claim_renew_v1(p_id int[], p_claim bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM FROM tidegate.partition WHERE id = ANY (p_id) ORDER BY id FOR NO KEY UPDATE;
  UPDATE tidegate.partition p SET pid = a.pid, backend_start = a.backend_start
  FROM unnest(p_id, p_claim) AS w(id, claim), pg_stat_activity a
  WHERE p.id = w.id AND p.claim_id = w.claim AND NOT p.released AND a.pid = pg_backend_pid();
END $$;

-- The beginning of chains that have none.
CREATE FUNCTION tidegate.claim_begin_v1(p_id int[], p_claim bigint[], p_first bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM FROM tidegate.partition WHERE id = ANY (p_id) ORDER BY id FOR NO KEY UPDATE;
  UPDATE tidegate.partition p SET first_offset = w.first
  FROM unnest(p_id, p_claim, p_first) AS w(id, claim, first)
  WHERE p.id = w.id AND p.claim_id = w.claim AND p.first_offset IS NULL;
END $$;

CREATE FUNCTION tidegate.claim_release_v1(p_id int[], p_claim bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM FROM tidegate.partition WHERE id = ANY (p_id) ORDER BY id FOR NO KEY UPDATE;
  UPDATE tidegate.partition p SET released = true, former_pid = NULL, former_start = NULL
  FROM unnest(p_id, p_claim) AS w(id, claim)
  WHERE p.id = w.id AND p.claim_id = w.claim AND NOT p.released;
END $$;
