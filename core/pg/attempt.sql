-- Version 9: processes that die on the same data again and again (docs/EXACTLY_ONCE.md, "Data that
-- ends the process").

-- What happened to a partition at its chain's end, tried_from. A mark says that its owner tries so
-- many records alone, and is void once the chain has moved.
CREATE TABLE tidegate.attempt (
  partition_id  int PRIMARY KEY,
  run           bigint NOT NULL DEFAULT 0,        -- random, of the process that claimed it last
  tried_from    bigint,
  tries         int NOT NULL DEFAULT 0,           -- owners in a row that ended without a commit
  piece         int,                              -- records to be tried together; null: any
  piece_to      bigint,                           -- until the chain has come here
  lethal        int NOT NULL DEFAULT 0,           -- owners that ended with one record alone
  marked_claim  bigint,
  marked_from   bigint,
  marked_to     bigint,
  marked_rows   int
) WITH (fillfactor = 50);

-- Called before the claims are taken, in that transaction. An owner that has not released a
-- partition and was another process has died, or was given up by its group. Each death with a mark
-- makes the next piece a 64th of what was marked.
CREATE FUNCTION tidegate.attempt_v1(
  p_pipeline text, p_cluster text, p_run bigint, p_topics text[], p_parts int[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  ids int[] := tidegate.partition_ids_v1(p_pipeline, p_cluster, p_topics, p_parts);
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM FROM tidegate.partition WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
  UPDATE tidegate.attempt t SET
    run = p_run, tried_from = n.at, marked_claim = NULL,
    tries = CASE WHEN n.moved THEN 0 ELSE t.tries END + n.died::int,
    lethal = CASE WHEN n.moved THEN 0 ELSE t.lethal END + (n.marked AND t.marked_rows = 1)::int,
    piece = CASE WHEN n.marked THEN greatest(1, t.marked_rows / 64)
                 WHEN n.at < t.piece_to THEN t.piece END,
    piece_to = CASE WHEN n.marked THEN t.marked_to WHEN n.at < t.piece_to THEN t.piece_to END
  FROM (SELECT o.partition_id, e.next AS at, e.next IS DISTINCT FROM o.tried_from AS moved, d.died,
               (d.died AND o.marked_claim = p.claim_id AND o.marked_from = e.next) IS TRUE AS marked
        FROM tidegate.attempt o JOIN tidegate.partition p ON p.id = o.partition_id
        CROSS JOIN LATERAL (SELECT NOT p.released AND o.run <> p_run AS died) d
        CROSS JOIN LATERAL tidegate.chain_end_v1(p.id) e
        WHERE o.partition_id = ANY (ids)) n
  WHERE t.partition_id = n.partition_id;
END $$;

-- Called after the claims are taken, in that transaction: rows of partitions that had none.
CREATE FUNCTION tidegate.attempt_first_v1(
  p_pipeline text, p_cluster text, p_run bigint, p_topics text[], p_parts int[])
RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO tidegate.attempt (partition_id, run, tried_from)
  SELECT id, p_run, (SELECT e.next FROM tidegate.chain_end_v1(id) e)
  FROM unnest(tidegate.partition_ids_v1(p_pipeline, p_cluster, p_topics, p_parts)) AS id
  ON CONFLICT DO NOTHING
$$;
