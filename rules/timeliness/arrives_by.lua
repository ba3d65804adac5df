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
    .. " the deadline in local time. tz: UTC, an offset such as +01:00 or a name such as"
    .. " Europe/Berlin: a deadline that clocks skip is when they pass it, one that comes twice is"
    .. " the first. Judged once a day, by the clock; the first whole day is the first judged.",
  dimension = "timeliness",
  params    = { "deadline text", "tz zone = UTC", "min integer = 1", "days texts?" },
  over      = "1m",
  every     = "1m",
  depends   = "stream",
  validate  = function(p)
    if not time_of_day(p.deadline) then return "deadline is a time of day such as 08:00" end
    if time_of_day(p.deadline) == 0 then return "by 00:00 nothing of the day can be there" end
    if p.min < 1 then return "min is 1 row or more" end
    for _, name in ipairs(p.days or {}) do
      if not weekdays[name] then return "days are mon tue wed thu fri sat sun" end
    end
  end,
  measure   = function(b) return b:count() end,
  judge     = function(m, p, s, t)
    if not t then return "skip", m.rows end -- a batch says nothing of a day
    local now = m and t.start or t.watermark or t.now
    local today, begun = zone_day(p.tz, now)
    local reached = now >= zone_first(p.tz, today * day_us + time_of_day(p.deadline))
    local kept = s:get() or { judged = begun == now and today - 1 or today, rows = {} }
    local verdict, seen = "skip", m and m.rows
    if m and not reached then add(kept, today, m.rows) end
    local due = m and kept.judged or reached and today or today - 1
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
    -- In Berlin 2026-03-29 begins at 2087h; at 2089h clocks go from 02:00 to 03:00.
    { "a zone by name", with = { "08:00", "Europe/Berlin" },
      clock = { { now = "2063h" }, { now = "124259m" }, { now = "2071h" }, { now = "125639m" },
        { now = "2094h" } }, fires = "3,5", quiet = "1-2,4" },
    { "a deadline that clocks skip is when they pass it", with = { "02:30", "Europe/Berlin" },
      clock = { { now = "2087h" }, { now = "125339m" }, { now = "2089h" } },
      fires = 3, quiet = "1-2" },
    { "what comes before they pass it is there", with = { "02:30", "Europe/Berlin", min = 2 },
      given = { { x = { 1 } }, { x = { 1 } }, { x = { 1 } } },
      kafka = at("2087h", "125339m", "2089h"), clock = { { now = "2090h" } },
      verdict = "pass", observed = 2 },
    -- 2026-10-25 begins at 7126h; at 7129h clocks go from 03:00 back to 02:00.
    { "a deadline that comes twice is the first", with = { "02:30", "Europe/Berlin" },
      clock = { { now = "7126h" }, { now = "427709m" }, { now = "427710m" },
        { now = "427770m" }, { now = "429210m" } }, fires = "3,5", quiet = "1-2,4" },
    { "an hour that comes twice is late the second time",
      with = { "02:30", "Europe/Berlin", min = 3 },
      given = { { x = { 1 } }, { x = { 1 } }, { x = { 1 } } },
      kafka = at("7126h", "427709m", "427750m"), clock = { { now = "7130h" } },
      verdict = "fail", observed = 2 },
    -- In Havana 2026-03-08 begins at 01:00, 1589h; 2026-11-01 has midnight at 7300h and 7301h.
    { "a day whose midnight is skipped", with = { "00:30", "America/Havana" },
      clock = { { now = "1565h" }, { now = "95339m" }, { now = "1589h" } }, fires = "2-3",
      quiet = 1 },
    { "a day whose midnight comes twice", with = { "00:30", "America/Havana", min = 3 },
      given = { { x = { 1 } }, { x = { 1 } }, { x = { 1 } } },
      kafka = at("7300h", "438029m", "438070m"),
      clock = { { now = "438029m" }, { now = "438030m" }, { now = "438075m" },
        { now = "439530m" } }, fires = "5,7", quiet = "1-4,6" },
    { "a zone that is none is an error", with = { "08:00", "Europe/Atlantis" },
      given = { x = { 1 } }, verdict = "error" },
    { "an offset has a sign", with = { "08:00", "x01:00" }, given = { x = { 1 } },
      verdict = "error" },
    { "no rows at all are not due", with = { "08:00", min = 0 }, given = { x = { 1 } },
      verdict = "error" },
    { "days are names", with = { "08:00", days = "Monday" }, given = { x = { 1 } },
      verdict = "error" },
  },
}
