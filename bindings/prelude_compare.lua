-- prelude_compare.lua: what a test expected next to what came out.
local tg = ...
local shown = tg.params.shown

local function numbers(t)
  local parts = {}
  for i, v in ipairs(t or {}) do parts[i] = tostring(v) end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function same_list(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

-- Whether what a judge saw is what a test expects: numbers within 1e-9 of each other (relative),
-- lists element by element, tables as far as the test names their keys.
local function same(want, got)
  if want == tg.null then want = nil end
  if type(want) == "table" and type(got) == "table" then
    if #want ~= #got then return false end
    for key, v in next, want do
      if not same(v, got[key]) then return false end
    end
    return true
  end
  if type(want) ~= "number" or type(got) ~= "number" then return want == got end
  if want ~= want then return got ~= got end
  local largest = math.max(math.abs(want), math.abs(got))
  return want == got or largest < math.huge and math.abs(want - got) <= 1e-9 * largest
end

local function plain(v)
  if type(v) == "table" then
    local parts = {}
    for i = 1, #v do parts[i] = plain(v[i]) end
    for _, name in ipairs(#v == 0 and tg.params.names_of(v) or {}) do
      parts[#parts + 1] = tostring(name) .. " = " .. plain(v[name])
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
  end
  return shown(v)
end

local function compare_observed(test, got, differ)
  if test.observed == nil then return end
  if not got.is_measure then
    differ("observed", plain(test.observed), "nothing: the rule is no measure")
  elseif not same(test.observed, got.observed) then
    differ("observed", plain(test.observed), plain(got.observed))
  end
end

local function shown_outcome(got, i)
  local seen = got.outcomes[i].seen
  return got.outcomes[i].verdict .. " in batch " .. i .. (seen and " " .. seen or "")
end

-- fires: in each of these batches, or somewhere in a stretch, the rule fails. quiet: in none of
-- these it does.
local function compare_batches(test, got, differ)
  local function failing(range)
    for i = range[1], math.min(range[2], #got.outcomes) do
      if got.outcomes[i].verdict == "fail" then return i end
    end
  end
  for _, range in ipairs(tg.series.ranges(test.fires or {})) do
    local last = math.min(range[2], #got.outcomes)
    if not failing(range) then
      differ("fires", range[1] == range[2] and "a fail in batch " .. range[1]
        or "a fail in batches " .. range[1] .. "-" .. range[2],
        last < range[1] and "no such batch" or shown_outcome(got, last))
    end
  end
  for _, range in ipairs(tg.series.ranges(test.quiet or {})) do
    local i = failing(range)
    if i then differ("quiet", "no fail in batches " .. range[1] .. "-" .. range[2],
      shown_outcome(got, i)) end
  end
end

-- What loading the rule would warn about.
local function compare_warning(test, got, differ)
  if test.warns == nil then return end
  local found = got.warning and (not test.warns or got.warning:find(test.warns, 1, true))
  if (found ~= nil) ~= (test.warns ~= false) then
    differ("warns", plain(test.warns), got.warning and shown(got.warning) or "nothing")
  end
end

local function compare_rule(test, got, differ)
  if test.verdict and test.verdict ~= got.verdict then
    differ("verdict", test.verdict, got.verdict .. (got.error and (" (" .. got.error .. ")") or ""))
  elseif not test.verdict and got.verdict == "error" then
    differ("no error", "a verdict", got.error)
  end
  compare_warning(test, got, differ)
  if test.level and test.level ~= got.level then differ("level", test.level, got.level) end
  if got.verdict == "error" then return end
  if test.fails and not same_list(test.fails, got.fails) then
    differ("fails", numbers(test.fails), numbers(got.fails))
  end
  if test.evaluated and test.evaluated ~= got.evaluated then
    differ("evaluated", test.evaluated, got.evaluated)
  end
  compare_observed(test, got, differ)
  compare_batches(test, got, differ)
  if test.reasons and not same_list(test.reasons, got.reasons) then
    differ("reasons", numbers(test.reasons), numbers(got.reasons))
  end
end

-- Events of one fate: numbers, or { number, "part of the reason" }.
local function compare_fate(expected, fate, got, differ)
  local want, have = {}, {}
  for i, entry in ipairs(expected) do want[i] = type(entry) == "table" and entry[1] or entry end
  for i, name in ipairs(got.fates) do
    if name == fate then have[#have + 1] = i end
  end
  if not same_list(want, have) then
    local why = {}
    for _, i in ipairs(have) do why[#why + 1] = i .. ": " .. got.reasons[i] end
    differ(fate, numbers(want), numbers(have)
      .. (#why > 0 and (" (" .. table.concat(why, "; ") .. ")") or ""))
    return
  end
  for _, entry in ipairs(expected) do
    local reason = type(entry) == "table" and got.reasons[entry[1]]
    if reason and not reason:find(entry[2], 1, true) then
      differ("reason of event " .. entry[1], "'" .. tostring(entry[2]) .. "'", "'" .. reason .. "'")
    end
  end
end

local function compare_topic(test, got, differ)
  if got.error then return differ("a run", "no error", got.error) end
  if test.rows and #test.rows ~= got.loaded then
    local why = {}
    for i, name in ipairs(got.fates) do
      if name ~= "load" and name ~= "tag" then
        why[#why + 1] = "event " .. i .. " " .. name .. ": " .. got.reasons[i]
      end
    end
    differ("rows", #test.rows, got.loaded
      .. (#why > 0 and (" (" .. table.concat(why, "; ") .. ")") or ""))
  end
  for _, d in ipairs(got.differ) do differ("row " .. d[1] .. ": " .. d[2], d[3], d[4]) end
  local fates = { quarantined = "quarantine", dropped = "drop", tagged = "tag" }
  for _, key in ipairs { "quarantined", "dropped", "tagged" } do
    if test[key] then compare_fate(test[key], fates[key], got, differ) end
  end
end

return { rule = compare_rule, topic = compare_topic, plain = plain }
