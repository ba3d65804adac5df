-- rules/timeliness/arrives_by.lua: the day's data is there by a time of day.
local day_us, minute_us = 86400000000, 60000000
local days_max = 7 -- that are waited for; older ones are not judged any more
local weekdays = { thu = 0, fri = 1, sat = 2, sun = 3, mon = 4, tue = 5, wed = 6 } -- of day 0: 1970

-- Microseconds of "08:30"; nil when it is no time of day.
local function time_of_day(text)
  local h, m = text:match("^(%d%d):(%d%d)$")
  h, m = tonumber(h), tonumber(m)
  if not h or h > 23 or m > 59 then return nil end
  return (h * 60 + m) * minute_us
end

-- Microseconds that local time is ahead of UTC; nil when tz is none.
local function offset_of(tz)
  if tz == "UTC" then return 0 end
  local size = time_of_day(tz:sub(2))
  if not size or not tz:find("^[+-]") then return nil end
  return tz:sub(1, 1) == "-" and -size or size
end

local function is_due(days, day)
  if not days then return true end
  for _, name in ipairs(days) do
    if weekdays[name] == day % 7 then return true end
  end
  return false
end

-- Leaves the days up to `day`. kept: { judged: the last day judged, rows: of those after it }.
local function leave(kept, day)
  for _ = 1, math.min(day - kept.judged, #kept.rows) do table.remove(kept.rows, 1) end
  kept.judged = math.max(day, kept.judged)
end

local function add(kept, day, rows)
  leave(kept, day - days_max)
  local i = day - kept.judged
  if i < 1 then return end -- it was judged before these came
  for n = #kept.rows + 1, i do kept.rows[n] = 0 end
  kept.rows[i] = kept.rows[i] + rows
end

return {
  doc       = "At least min rows of each day (of the week: days) have their Kafka timestamp before"
    .. " the deadline in local time. tz: UTC or an offset such as +01:00. Judged once a day, by"
    .. " the clock; the first whole day is the first that is judged.",
  dimension = "timeliness",
  params    = { "deadline text", "tz text = UTC", "min integer = 1", "days texts?" },
  over      = "1m",
  every     = "1m",
  depends   = "stream",
  validate  = function(p)
    if not time_of_day(p.deadline) then return "deadline is a time of day such as 08:00" end
    if time_of_day(p.deadline) == 0 then return "by 00:00 nothing of the day can be there" end
    if not offset_of(p.tz) then return "tz is UTC or an offset such as +01:00" end
    if p.min < 1 then return "min is 1 row or more" end
    for _, name in ipairs(p.days or {}) do
      if not weekdays[name] then return "days are mon tue wed thu fri sat sun" end
    end
  end,
  measure   = function(b) return b:count() end,
  judge     = function(m, p, s, t)
    local deadline = time_of_day(p.deadline)
    if not t then return "skip", m.rows end -- a batch says nothing of a day
    local now = (m and t.start or t.watermark or t.now) + offset_of(p.tz)
    local kept = s:get() or { judged = (now + day_us - 1) // day_us - 1, rows = {} }
    local verdict, seen = "skip", m and m.rows
    if m and now % day_us < deadline then add(kept, now // day_us, m.rows) end
    local due = not m and (now - deadline) // day_us or kept.judged
    leave(kept, due - days_max)
    if due > kept.judged then
      if is_due(p.days, kept.judged + 1) then verdict, seen = within(kept.rows[1] or 0, p.min) end
      leave(kept, kept.judged + 1)
    end
    s:set(kept)
    return verdict, seen
  end,
  tests     = {
    -- 2026-01-01 is a Thursday.
    { "as many as are due are there", with = { "08:00", min = 2 },
      given = { { x = { 1 } }, { x = { 1 } } }, clock = { { now = "8h", watermark = "8h" } },
      verdict = "pass", observed = 2 },
    { "too few", with = { "08:00", min = 3 },
      given = { { x = { 1 } }, { x = { 1 } } }, clock = { { now = "8h", watermark = "8h" } },
      verdict = "fail", observed = 2 },
    { "before the deadline nothing is judged", with = { "08:00", min = 3 },
      given = { { x = { 1 } } }, clock = { { now = "479m", watermark = "479m" } },
      verdict = "skip" },
    { "nor while windows before it may come", with = { "08:00" },
      clock = { { now = "0s" }, { now = "9h", watermark = "7h" } }, verdict = "skip" },
    { "nothing ever came", with = { "08:00" }, clock = { { now = "0s" }, { now = "8h" } },
      fires = 2, observed = 0 },
    { "once a day", with = { "08:00" },
      clock = { { now = "0s" }, { now = "8h" }, { now = "9h" }, { now = "31h" }, { now = "32h" } },
      fires = "2,5", quiet = "1,3-4" },
    { "a day that began before the rule is not judged", with = { "08:00" },
      clock = { { now = "1s" }, { now = "8h" }, { now = "32h" } }, fires = 3, quiet = "1-2" },
    { "what comes at the deadline is late", with = { "00:02", min = 3 },
      given = { { x = { 1 } }, { x = { 1 } }, { x = { 1 } } }, clock = { { now = "2m" } },
      verdict = "fail", observed = 2 },
    { "each day counts its own", with = { "08:00", min = 2 },
      given = { { x = { 1 } }, { x = { 1 } }, { x = { 1 } } }, kafka = at("0s", "60s", "25h"),
      clock = { { now = "33h", watermark = "33h" }, { now = "33h", watermark = "33h" } },
      fires = 5, quiet = "1-4", observed = 1 },
    { "local time", with = { "08:00", "+01:00" },
      clock = { { now = "0s" }, { now = "31h", watermark = "1859m" },
        { now = "31h", watermark = "31h" } }, fires = 3, quiet = "1-2" },
    { "west of Greenwich", with = { "08:00", "-01:30" },
      clock = { { now = "0s" }, { now = "569m" }, { now = "570m" } }, fires = 3, quiet = "1-2" },
    { "west of Greenwich the day had begun", with = { "08:00", "-01:30" },
      clock = { { now = "91m" }, { now = "569m" }, { now = "570m" } }, verdict = "skip" },
    { "only on these days", with = { "08:00", days = "fri" },
      clock = { { now = "0s" }, { now = "8h" }, { now = "32h" }, { now = "56h" } }, fires = 3,
      quiet = "1-2,4" },
    { "any of several days", with = { "08:00", days = { "sat", "thu" } },
      clock = { { now = "0s" }, { now = "8h" }, { now = "32h" }, { now = "56h" } },
      fires = "2,4", quiet = "1,3" },
    { "days that were missed are judged one by one, a week of them", with = { "08:00" },
      clock = { { now = "0s" }, { now = "20d" }, { now = "20d" }, { now = "20d" }, { now = "20d" },
        { now = "20d" }, { now = "20d" }, { now = "20d" }, { now = "20d" } }, fires = "2,8",
      quiet = "1,9" },
    { "on rows it is not judged", with = { "08:00" }, given = { x = { 1 } }, verdict = "skip" },
    { "a deadline is a time of day", with = { "8 am" }, given = { x = { 1 } }, verdict = "error" },
    { "24:00 is none", with = { "24:00" }, given = { x = { 1 } }, verdict = "error" },
    { "23:60 is none", with = { "23:60" }, given = { x = { 1 } }, verdict = "error" },
    { "23:59 is one", with = { "23:59" }, given = { x = { 1 } }, verdict = "skip" },
    { "00:00 is an error", with = { "00:00" }, given = { x = { 1 } }, verdict = "error" },
    { "a zone by name is an error", with = { "08:00", "Europe/Zurich" }, given = { x = { 1 } },
      verdict = "error" },
    { "an offset has a sign", with = { "08:00", "x01:00" }, given = { x = { 1 } },
      verdict = "error" },
    { "no rows at all are not due", with = { "08:00", min = 0 }, given = { x = { 1 } },
      verdict = "error" },
    { "days are names", with = { "08:00", days = "Monday" }, given = { x = { 1 } },
      verdict = "error" },
  },
}
