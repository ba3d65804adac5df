-- rules/volume/volume_anomaly.lua: an unusual number of rows, none among them.
local gap_max = 2000 -- empty windows that are judged one by one; a longer gap is told by these

local function model(p, s)
  if p.season then return s:holt_winters { period = p.season, k = p.k } end
  return s:welford { k = p.k, warmup = p.warmup }
end

-- Judges the empty windows of `kept` that end by `stop`: the first that failed, else the last.
local function fill(kept, m, stop)
  local verdict, seen = "skip", nil
  for _ = 1, math.min((stop - kept.next) // kept.size, gap_max) do
    local good, now = m:judge(0)
    if verdict ~= false then verdict, seen = good, now end
    kept.next = kept.next + kept.size
  end
  kept.next = math.max(kept.next, stop - (stop - kept.next) % kept.size)
  return verdict, seen
end

-- When Kafka got the rows of a test: { minute, rows }, ..
local function rows_at(list)
  local instants = {}
  for _, item in ipairs(list) do
    for _ = 1, item[2] do instants[#instants + 1] = item[1] .. "m" end
  end
  return at(table.unpack(instants))
end

return {
  doc       = "The rows of a window are as many as usual: as anomaly_zscore says, or with"
    .. " `season` (so many windows) as anomaly_seasonal. A window without rows counts 0, as soon"
    .. " as it is over.",
  dimension = "volume",
  params    = { "k number = 3", "season integer?", "warmup integer = 30" },
  over      = "5m",
  every     = "1m",
  empty     = "skip",
  depends   = "stream",
  measure   = function(b) return b:count() end,
  judge     = function(m, p, s, t)
    local kept, usual = s:get(), model(p, s)
    if m and not t then return usual:judge(m.rows) end -- a batch is not followed by time
    if not m and not kept then return "skip" end       -- there was no window yet
    if m and kept and kept.size == t.stop - t.start and t.start < kept.next then
      return "skip", m.rows -- it was judged as empty
    end
    if m and (not kept or kept.size ~= t.stop - t.start) then
      kept = { next = t.start, size = t.stop - t.start }
    end
    local verdict, seen = fill(kept, usual, m and t.start or t.watermark or kept.next)
    if m then
      local good, now = usual:judge(m.rows)
      if verdict ~= false then verdict, seen = good, now end
      kept.next = t.stop
    end
    s:set(kept)
    return verdict, seen
  end,
  tests     = {
    { "a rush fails", given = series { gen.poisson(20, 35), 99, rows = true }, fires = 36,
      quiet = "1-35" },
    { "what is usual passes", given = series { gen.poisson(20, 60), rows = true },
      verdict = "pass" },
    { "warming up it is not judged", with = { warmup = 3 },
      given = series { 5, 5, 900, rows = true }, verdict = "skip" },
    { "a season", with = { season = 3 }, given = series { 1, 5, 9, 1, 5, 9, 90, rows = true },
      fires = 7 },
    { "k is what is too far", with = { k = 50 },
      given = series { gen.poisson(20, 35), 99, rows = true }, quiet = "1-36" },
    { "silence counts as none", given = series { gen.poisson(50, 40), rows = true },
      clock = { { now = "204m", watermark = "204m" }, { now = "206m", watermark = "206m" } },
      fires = 42, quiet = "1-41" },
    { "a window without rows, found by the next", with = { warmup = 4 },
      given = series { 50, 51, 50, 51, 50, 0, 50, rows = true }, clock = { { now = "35m" } },
      fires = 7, quiet = "1-6" },
    { "its rows come too late", with = { warmup = 4 },
      given = series { 9, 10, 9, 10, 9, 9, 40, rows = true }, clock = { { now = "40m" } },
      kafka = rows_at { { 0, 9 }, { 5, 10 }, { 10, 9 }, { 15, 10 }, { 20, 9 }, { 30, 9 },
        { 25, 40 } },
      fires = 6, quiet = { "1-5", 7 } },
    { "no window yet", clock = { { now = "1h", watermark = "1h" } }, verdict = "skip" },
    { "a long silence is one alarm and no endless work",
      given = series { gen.poisson(50, 40), rows = true },
      clock = { { now = "300d", watermark = "300d" }, { now = "301d", watermark = "300d" } },
      fires = 41, quiet = "1-40,42" },
    { "k of 0 is an error", with = { k = 0 }, given = { x = { 1 } }, verdict = "error" },
    { "a season of 1 is an error", with = { season = 1 }, given = { x = { 1 } },
      verdict = "error" },
  },
}
