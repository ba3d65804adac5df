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
