-- prelude_judge.lua: calls a rule's judge and reads what it answers.
local tg = ...
local shown = tg.params.shown

-- What a judge may say about what it saw, in the order in which results show it.
local keys = { "value", "expected", "low", "high", "score", "approx", "key" }
local known = {}
for _, key in ipairs(keys) do known[key] = true end
local list_max = 1000 -- elements of a list that a result keeps

local function is_plain(v)
  local kind = type(v)
  return kind == "number" or kind == "string" or kind == "boolean"
end

local function kept(v)
  if type(v) ~= "table" or #v <= list_max then return v end
  return { table.unpack(v, 1, list_max) }
end

-- A number, text, boolean or list is the value itself; a table of the keys above is all of them.
local function parts_of(observed)
  if observed == nil or is_plain(observed) then return { value = observed } end
  if type(observed) ~= "table" then
    error("judge: observed is " .. shown(observed) .. ", not a number, a text or a table", 0)
  end
  if #observed > 0 or next(observed) == nil then return { value = kept(observed) } end
  local parts = {}
  for key, v in next, observed do
    if not known[key] then
      error("judge: observed has the key " .. shown(key) .. ": it knows "
        .. table.concat(keys, ", "), 0)
    end
    parts[key] = kept(v)
  end
  return parts
end

local function seen_of(observed, p)
  local parts = parts_of(observed)
  local seen = {
    observed = parts.value, expected = parts.expected, low = parts.low, high = parts.high,
    score = parts.score, approx = parts.approx, key = parts.key,
  }
  if is_plain(p.min) then seen.min = p.min end
  if is_plain(p.max) then seen.max = p.max end
  return seen
end

-- A field of a summary or table; nil when it has none of that name.
local function field(m, name)
  if type(m) ~= "userdata" and type(m) ~= "table" then return nil end
  local ok, v = pcall(function() return m[name] end)
  return ok and math.type(v) == "integer" and v >= 0 and v or nil
end

-- Values that were used: what the summary counted, else the rows it was made of.
local function used(m, rows) return field(m, "count") or field(m, "rows") or rows end

local last -- what the newest verdict saw; inline tests read it

-- The function that C calls for a measure bound to these arguments: judging(m, rows, s, t) ->
-- verdict, values used, what was seen (with `least`, what a failure raises at least). m: nil when
-- only time has passed. min_rows: with fewer values the measure is not judged.
local function judging(judge, p, empty, min_rows)
  return function(m, rows, s, t)
    local verdict, observed, least = judge(m, p, s, t)
    local count = used(m, rows)
    last = seen_of(observed, p)
    if least ~= nil and least ~= "warn" and least ~= "critical" then
      error("judge: the third value is " .. shown(least) .. ", not 'warn' or 'critical'", 0)
    end
    last.least = least
    if verdict == nil then
      verdict = empty
    elseif verdict == true or verdict == false then
      verdict = verdict and "pass" or "fail"
    elseif verdict ~= "skip" then
      error("judge: the verdict is " .. shown(verdict) .. ", not true, false, nil or 'skip'", 0)
    end
    if m ~= nil and count < min_rows then verdict = "skip" end
    return verdict, count, last
  end
end

return {
  judging = judging,
  last = function() return last end,
  forget = function() last = nil end,
}
