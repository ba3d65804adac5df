-- Version 11: which process runs which set (docs/OPERATIONS.md, "Members run different sets").

-- A process says every few seconds that it lives, and takes its row away when it stops. Of one that
-- died the row stays for an hour.
CREATE TABLE tidegate.member (
  pipeline    text NOT NULL,
  run         bigint NOT NULL,                    -- random, of the process
  name        text NOT NULL,                      -- host:pid
  generation  text NOT NULL,
  since       timestamptz NOT NULL DEFAULT now(), -- it runs this set
  seen_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline, run)
) WITH (fillfactor = 50);

-- Says so, and returns those seen within p_within, itself among them. Losing such a row in a crash
-- of the server costs nothing.
CREATE FUNCTION tidegate.member_v1(
  p_pipeline text, p_run bigint, p_name text, p_generation text, p_within interval, p_most int)
RETURNS TABLE (name text, generation text, since timestamptz, seen_at timestamptz, self bool)
LANGUAGE sql VOLATILE AS $$
  SELECT set_config('synchronous_commit', 'off', true);
  DELETE FROM tidegate.member m WHERE m.pipeline = p_pipeline AND m.run IN (
    SELECT o.run FROM tidegate.member o
    WHERE o.pipeline = p_pipeline AND o.seen_at < now() - interval '1 hour'
    FOR UPDATE SKIP LOCKED);
  INSERT INTO tidegate.member AS m (pipeline, run, name, generation)
  VALUES (p_pipeline, p_run, p_name, p_generation)
  ON CONFLICT (pipeline, run) DO UPDATE SET seen_at = now(), generation = excluded.generation,
    since = CASE WHEN m.generation = excluded.generation THEN m.since ELSE now() END;
  SELECT m.name, m.generation, m.since, m.seen_at, m.run = p_run FROM tidegate.member m
  WHERE m.pipeline = p_pipeline AND m.seen_at > now() - p_within
  ORDER BY m.run <> p_run, m.name LIMIT p_most
$$;
