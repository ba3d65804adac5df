-- prelude_tests.lua: inline tests of rules and topics: their shape, what they are run on, what
-- they expected. C runs them (runner.c): for each number, prepare() -> spec, run, compare(result).
local tg = ...
local params, rules, source = tg.params, tg.rules, tg.source
local shown, did_you_mean = params.shown, params.did_you_mean

-- ---------------------------------------------------------------- helpers that tests call

local instants = setmetatable({}, { __name = "instants" }) -- marks the lists that at() made

-- Year, month, day of a day number counted from 1970-01-01 (Howard Hinnant, "chrono-compatible
-- low-level date algorithms").
local function civil(days)
  days = days + 719468
  local era = days // 146097
  local doe = days - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
end

local base_us = 1767225600000000 -- 2026-01-01T00:00:00Z

-- at("0s", "1s"): instants that long after 2026-01-01T00:00:00Z.
local function at(...)
  local list = { [instants] = true }
  for i, after in ipairs { ... } do
    local us, why = params.duration_us(after)
    if not us then error("at(): " .. why, 2) end
    us = base_us + us
    local seconds = us // 1000000
    local year, month, day = civil(seconds // 86400)
    local s = seconds % 86400
    list[i] = string.format("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month, day, s // 3600,
      s // 60 % 60, s % 60, us % 1000000)
  end
  return list
end

-- uuid(1): the same uuid each time, another one for each number.
local function uuid(n)
  if math.type(n) ~= "integer" then error("uuid(): a whole number is due", 2) end
  return string.format("00000000-0000-4000-8000-%012x", n & 0xffffffffffff)
end

tg.api.at, tg.api.uuid = at, uuid

-- ---------------------------------------------------------------- their shape

local rule_keys = {
  with = true, given = true, types = true, fails = true, reasons = true, evaluated = true,
  verdict = true, observed = true, lookups = true,
}
local topic_keys = {
  events = true, rows = true, quarantined = true, dropped = true, tagged = true, lookups = true,
}
local later = {
  series = true, property = true, restart_at = true,
  reload_at = true,
  out_of_order = true, rebalance_at = true, fires = true, quiet = true,
}
local expectations = {
  "fails", "reasons", "evaluated", "verdict", "observed", "rows", "quarantined", "dropped",
  "tagged",
}
local verdicts = { pass = true, fail = true, error = true, skip = true }

local function check_keys(test, keys, report)
  for key in next, test do
    if key ~= 1 and type(key) ~= "string" then
      report("a test has a title and named keys; " .. shown(key) .. " is neither")
    elseif later[key] then
      report("'" .. key .. "' is not available yet")
    elseif key ~= 1 and not keys[key] then
      report("unknown key '" .. tg.shown(key) .. "' in a test"
        .. did_you_mean(key, params.names_of(keys)))
    end
  end
end

local function check_expects(test, keys, report)
  for _, key in ipairs { "fails", "reasons", "rows", "quarantined", "dropped", "tagged" } do
    if test[key] ~= nil and not params.is_list(test[key]) then
      report(key .. " is a list, not " .. shown(test[key]))
    end
  end
  if test.verdict ~= nil and not verdicts[test.verdict] then
    report("verdict is 'pass', 'fail', 'error' or 'skip', not " .. shown(test.verdict))
  end
  for _, key in ipairs(expectations) do
    if keys[key] and test[key] ~= nil then return end
  end
  report("the test expects nothing: say "
    .. (keys.fails and "fails or verdict" or "rows, quarantined or dropped"))
end

local function check_one(test, kind, report)
  local keys = kind == "topic" and topic_keys or rule_keys
  local input = kind == "topic" and "events" or "given"
  if type(test[1]) ~= "string" then report("a test begins with its title") end
  check_keys(test, keys, report)
  if type(test[input]) ~= "table" then report(input .. " is missing: a test needs it") end
  check_expects(test, keys, report)
end

-- The tests of a file, those at fault reported and left out.
local function check(file, tests, kind, report)
  local good = {}
  if tests ~= nil and not params.is_list(tests) then
    report("tests", "tests is a list of tables, not " .. shown(tests))
    return good
  end
  for _, test in ipairs(tests or {}) do
    if type(test) ~= "table" then
      report("tests", "a test is a table, not " .. shown(test))
    else
      local line, faults = source.line_of_text(file, test[1], "tests"), 0
      check_one(test, kind, function(message)
        faults = faults + 1
        tg.fault(file.path, line, "test " .. shown(test[1]) .. ": " .. message)
      end)
      if faults == 0 then good[#good + 1] = test end
    end
  end
  return good
end

-- ---------------------------------------------------------------- given -> rows and types

local function columns_to_rows(columns)
  local rows, count = {}, 0
  for _, values in next, columns do count = math.max(count, #values) end
  for i = 1, count do
    rows[i] = {}
    for name, values in next, columns do
      local v = values[i]
      if v == nil then v = tg.null end
      rows[i][name] = v
    end
  end
  return rows
end

local function all_lists(t)
  local any = false
  for key, v in next, t do
    if type(key) ~= "string" or type(v) ~= "table" then return false end
    any = true
  end
  return any
end

-- Columns, a list of rows, or a list of batches of columns -> a list of lists of rows.
local function batches_of(given)
  if #given == 0 then return { columns_to_rows(given) } end
  for _, part in ipairs(given) do
    if not all_lists(part) then return { given } end
  end
  local batches = {}
  for i, part in ipairs(given) do batches[i] = columns_to_rows(part) end
  return batches
end

local function merge(a, b)
  if a == nil or a == b then return b end
  local number = { bigint = true, ["double precision"] = true }
  if number[a] and number[b] then return "double precision" end
  return "jsonb"
end

local lua_types = { string = "text", boolean = "boolean", table = "jsonb" }

local function infer(batches)
  local types = {}
  for _, rows in ipairs(batches) do
    for _, row in ipairs(rows) do
      for name, v in next, row do
        types[name] = types[name] or false
        if v ~= tg.null then
          local kind = lua_types[type(v)]
            or (math.type(v) == "integer" and "bigint" or "double precision")
          types[name] = merge(types[name] or nil, kind)
        end
      end
    end
  end
  for name, kind in next, types do types[name] = kind or "text" end
  return types
end

-- What the lists themselves tell: at() made instants, and a column without a value is text.
local function list_columns(given, types)
  local parts = #given == 0 and { given } or given
  for _, part in ipairs(parts) do
    for name, values in next, part do
      local kind = type(values) == "table" and values[instants] and "timestamp with time zone"
      if type(name) == "string" then types[name] = kind or types[name] or "text" end
    end
  end
end

local function column_list(types)
  local list = {}
  for i, name in ipairs(params.names_of(types)) do list[i] = { name, types[name] } end
  return list
end

-- ---------------------------------------------------------------- one after the other

local function list()
  local found = {}
  for _, kind in ipairs(rules.all) do
    for _, test in ipairs(kind.tests) do
      found[#found + 1] = { subject = kind.name, file = kind.file, test = test, kind = kind }
    end
  end
  for _, topic in ipairs(tg.topics.topics) do
    for _, test in ipairs(topic.tests) do
      found[#found + 1] = { subject = topic.name, file = topic.file, test = test, topic = topic }
    end
  end
  for _, item in ipairs(found) do
    item.title, item.path = item.test[1], item.file.path
    item.line = source.line_of_text(item.file, item.title, "tests")
  end
  return found
end

-- A list of one test that was given from outside, for the rule or topic of the file `path`.
local function single(path, test)
  local item = { title = "given", path = path, line = 1, test = test }
  for _, kind in ipairs(rules.all) do
    if kind.file.path == path then item.kind, item.subject = kind, kind.name end
  end
  for _, topic in ipairs(tg.topics.topics) do
    if topic.file.path == path then item.topic, item.subject = topic, topic.name end
  end
  if not item.subject then error("there is no rule or topic in " .. path, 0) end
  local input = item.topic and "events" or "given"
  if type(test) ~= "table" or type(test[input]) ~= "table" then error(input .. " is missing", 0) end
  check_keys(test, item.topic and topic_keys or rule_keys, function(why) error(why, 0) end)
  return { item }
end

local function types_of(item, batches)
  local types = infer(batches)
  list_columns(item.test.given, types)
  local topic = item.kind.topics and tg.topics.topics[item.kind.topics[1]]
  for name, kind in next, topic and topic.fields or {} do types[name] = kind end
  for name, kind in next, item.test.types or {} do types[name] = kind end
  return types
end

-- Expected rows may name declared fields only.
local function check_rows(item)
  for _, row in ipairs(item.test.rows or {}) do
    if type(row) ~= "table" then return "rows: a row is a table, not " .. shown(row) end
    for _, name in ipairs(params.names_of(row)) do
      local _, why = params.column(name, item.topic.fields)
      if why then return "rows: " .. why end
    end
  end
end

-- The lookups that the test gives; nil, and why when they cannot be.
local function lookups_of(item)
  if item.test.lookups == nil then return nil end
  local topic = item.topic or item.kind.topics and tg.topics.topics[item.kind.topics[1]]
  return tg.lookups.given(item.test.lookups, topic and topic.lookups)
end

-- What C needs to run test `item`; spec.error when it cannot be run, which may be what the test
-- expects.
local function prepare(item)
  local lookups, fault = lookups_of(item)
  if fault then return { error = fault } end
  if item.topic then
    local why = check_rows(item)
    if why then return { error = why } end
    return { events = item.test.events, rows = item.test.rows, handle = item.topic.handle,
      lookups = lookups }
  end
  local batches = batches_of(item.test.given)
  local types = types_of(item, batches)
  tg.judge.forget()
  local faults = {}
  local place = item.path .. ":" .. item.line
  local topic = { fields = types, lookups = item.test.lookups }
  local rule = rules.bind(item.kind, item.test.with or {}, topic, place,
    function(message) faults[#faults + 1] = message end)
  if not rule then return { error = table.concat(faults, "; ") } end
  return { batches = batches, columns = column_list(types), rule = rule, lookups = lookups }
end

local function numbers(t)
  local parts = {}
  for i, v in ipairs(t or {}) do parts[i] = tostring(v) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function same_list(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

-- Whether what a judge saw is what a test expects: numbers within 1e-9 of each other (relative),
-- lists element by element.
local function same(want, got)
  if want == tg.null then want = nil end
  if type(want) == "table" and type(got) == "table" then
    if #want ~= #got then return false end
    for i = 1, #want do
      if not same(want[i], got[i]) then return false end
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
    return "{ " .. table.concat(parts, ", ") .. " }"
  end
  return shown(v)
end

local function compare_observed(test, differ)
  if test.observed == nil then return end
  local seen = tg.judge.last()
  if not seen then
    differ("observed", plain(test.observed), "nothing: the rule is no measure")
  elseif not same(test.observed, seen.observed) then
    differ("observed", plain(test.observed), plain(seen.observed))
  end
end

local function compare_rule(test, got, differ)
  if test.verdict and test.verdict ~= got.verdict then
    differ("verdict", test.verdict, got.verdict .. (got.error and (" (" .. got.error .. ")") or ""))
  elseif not test.verdict and got.verdict == "error" then
    differ("no error", "a verdict", got.error)
  end
  if got.verdict == "error" then return end
  if test.fails and not same_list(test.fails, got.fails) then
    differ("fails", numbers(test.fails), numbers(got.fails))
  end
  if test.evaluated and test.evaluated ~= got.evaluated then
    differ("evaluated", test.evaluated, got.evaluated)
  end
  compare_observed(test, differ)
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

-- nil when the test holds, else lines that show what was expected and what was got.
local function compare(item, got)
  local lines = {}
  local differ = function(what, expected, found)
    lines[#lines + 1] = what .. ": expected " .. tostring(expected) .. ", got " .. tostring(found)
  end
  local by = item.topic and compare_topic or compare_rule
  by(item.test, got, differ)
  return #lines > 0 and table.concat(lines, "\n") or nil
end

return { check = check, list = list, single = single, prepare = prepare, compare = compare }
