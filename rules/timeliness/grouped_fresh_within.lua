-- rules/timeliness/grouped_fresh_within.lua: no key falls silent.
local steps = 64          -- a newest time is kept to within max_age / steps, never too old
local pairs_max = 10000   -- of key and time, in one window

local function step_of(p) return seconds(p.max_age) / steps end

-- Brings in what one window saw. kept: key -> number of the step of its newest time.
local function note(kept, m)
  if m.other > 0 then
    error("more than " .. pairs_max .. " keys and times in a window: take a smaller `over`", 0)
  end
  for _, item in ipairs(m:list()) do
    local name, step = item[1][1], item[1][2]
    if name ~= null and name ~= nil and step ~= null and step ~= nil then
      name, step = tostring(name), math.tointeger(step)
      kept[name] = math.max(kept[name] or step, step)
    end
  end
end

local function names_of(kept)
  local names = {}
  for name in next, kept do names[#names + 1] = name end
  table.sort(names)
  return names
end

return {
  doc       = "The newest value of every key that was ever seen is, by the clock, no older than"
    .. " max_age (to within a 64th of it). Seen: the keys for which it is older. More than keys_max"
    .. " keys, or 64 KiB of them, are an error.",
  dimension = "timeliness",
  params    = { "by column", "column column", "max_age duration", "keys_max integer = 1000" },
  over      = "1m",
  every     = "1m",
  depends   = "stream",
  validate  = function(p)
    if p.max_age:find("^0+%a") then return "max_age is longer than 0" end
    if p.keys_max < 1 then return "keys_max is 1 key or more" end
  end,
  measure   = function(b, p)
    return key(b[p.by], b[p.column]:seconds() // step_of(p)):counts(pairs_max)
  end,
  judge     = function(m, p, s, t)
    if not t then return "skip" end -- a batch says nothing of other keys
    local kept, stale = s:get() or {}, {}
    if m then note(kept, m) end
    local names = names_of(kept)
    if #names > p.keys_max then
      error(#names .. " keys; at most keys_max = " .. p.keys_max .. " are watched", 0)
    end
    s:set(kept)
    if m or #names == 0 then return "skip", #names end
    for _, name in ipairs(names) do
      local newest = (kept[name] + 1) * step_of(p)
      if t.now / 1000000 - newest > seconds(p.max_age) then stale[#stale + 1] = name end
    end
    return #stale == 0, #stale > 0 and stale or nil
  end,
  tests     = {
    { "keys that come in time pass", with = { "k", "t", "64s" },
      given = { k = { "a", "b" }, t = at("0s", "5s") }, clock = { { now = "65s" } },
      verdict = "pass", observed = null },
    { "stale keys are listed", with = { "k", "t", "64s" },
      given = { k = { "c", "b", "a" }, t = at("0s", "5s", "1s") }, clock = { { now = "67s" } },
      verdict = "fail", observed = { "a", "c" } },
    { "the newest counts, whichever comes first", with = { "k", "t", "64s" },
      given = { k = { "a", "a", "a" }, t = at("3s", "9s", "1s") }, clock = { { now = "74s" } },
      verdict = "pass" },
    { "over windows, also when an old one comes later", with = { "k", "t", "64s" },
      given = {
        { k = { "a" }, t = at("9s") }, { k = { "b" }, t = at("20s") },
        { k = { "a" }, t = at("2s") },
      }, clock = { { now = "74s" }, { now = "75s" }, { now = "86s" } }, fires = "5,6",
      quiet = "1-4", observed = { "a", "b" } },
    { "a key comes back", with = { "k", "t", "64s" },
      given = { { k = { "a" }, t = at("0s") }, { k = { "a" }, t = at("60s") } },
      clock = { { now = "2m" } }, verdict = "pass" },
    { "numbers are keys too", with = { "k", "t", "64s" },
      given = { k = { 7 }, t = at("0s") }, clock = { { now = "2m" } }, verdict = "fail",
      observed = { "7" } },
    { "nulls are no keys and no times", with = { "k", "t", "64s" },
      given = { k = { null, "a" }, t = { "2026-01-01T00:00:00Z", null } },
      types = { t = "timestamptz" }, clock = { { now = "1h" } }, verdict = "skip" },
    { "as many keys as may be watched", with = { "k", "t", "64s", keys_max = 2 },
      given = { k = { "a", "b" }, t = at("0s", "0s") }, clock = { { now = "1m" } },
      verdict = "pass" },
    { "one key may be watched", with = { "k", "t", "64s", keys_max = 1 },
      given = { k = { "a" }, t = at("0s") }, clock = { { now = "1m" } }, verdict = "pass" },
    { "too many keys are an error", with = { "k", "t", "64s", keys_max = 1 },
      given = { k = { "a", "b" }, t = at("0s", "0s") }, clock = { { now = "1m" } },
      verdict = "error" },
    { "more than 64 KiB of keys are an error", with = { "k", "t", "64s" },
      given = { k = { ("a"):rep(40000), ("b"):rep(40000) }, t = at("0s", "0s") },
      clock = { { now = "1m" } }, verdict = "error" },
    { "no key was seen", with = { "k", "t", "64s" }, types = { k = "text", t = "timestamptz" },
      clock = { { now = "1h" } }, verdict = "skip", observed = 0 },
    { "on rows it is not judged", with = { "k", "t", "64s" },
      given = { k = { "a" }, t = at("0s") }, verdict = "skip" },
    { "max_age of 0 is an error", with = { "k", "t", "0s" }, given = { k = { "a" }, t = at("0s") },
      verdict = "error" },
    { "no keys to watch is an error", with = { "k", "t", "1m", keys_max = 0 },
      given = { k = { "a" }, t = at("0s") }, verdict = "error" },
  },
}
