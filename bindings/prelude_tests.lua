-- prelude_tests.lua: inline tests of rules and topics: their shape, what they are run on, what is
-- tried beyond them. C runs them (runner.c): for each number, prepare() -> spec, then
-- [run, next(result)] until next() returns no further spec.
local tg = ...
local params, rules, source, given = tg.params, tg.rules, tg.source, tg.given
local series, property, checks, compare = tg.series, tg.property, tg.checks, tg.compare
local files = tg.files
local shown, did_you_mean = params.shown, params.did_you_mean

-- ---------------------------------------------------------------- their shape

local rule_keys = {
  with = true, given = true, types = true, fails = true, reasons = true, evaluated = true,
  verdict = true, observed = true, lookups = true, alias = true, kafka = true, fires = true,
  quiet = true, seed = true, property = true, restart_at = true, rebalance_at = true,
  reload_at = true, out_of_order = true, clock = true, level = true,
  expect = true, warns = true,
}
local topic_keys = {
  events = true, rows = true, quarantined = true, dropped = true, tagged = true, lookups = true,
  expect = true,
}
local expectations = {
  "fails", "reasons", "evaluated", "verdict", "level", "observed", "fires", "quiet", "property",
  "rows", "quarantined", "dropped", "tagged", "expect", "warns",
}
local verdicts = { pass = true, fail = true, error = true, skip = true }
local levels = { warn = true, critical = true }

local function check_keys(test, keys, report)
  for key in next, test do
    if key ~= 1 and type(key) ~= "string" then
      report("a test has a title and named keys; " .. shown(key) .. " is neither")
    elseif key ~= 1 and not keys[key] then
      report("unknown key '" .. tg.shown(key) .. "' in a test"
        .. did_you_mean(key, params.names_of(keys)))
    end
  end
end

-- What reload_at says as a list of { from, to, version }; nil and why. Without a version the same
-- set is read again.
local function reloads(v)
  if type(v) == "table" and v.at == nil and v.version == nil and type(v[1]) == "table"
    and v[1].at ~= nil then
    local out = {}
    for _, part in ipairs(v) do
      local inner, why = reloads(part)
      if not inner then return nil, why end
      for _, reload in ipairs(inner) do out[#out + 1] = reload end
    end
    return out
  end
  local version, at = nil, v
  if type(v) == "table" and (v.at ~= nil or v.version ~= nil) then
    version, at = v.version, v.at
    for key in next, v do
      if key ~= "at" and key ~= "version" then
        return nil, "{ at = 3, version = \"2\" } has no key " .. shown(key)
      end
    end
    local kind = math.type(version) or type(version)
    if kind ~= "string" and kind ~= "integer" and kind ~= "nil" then
      return nil, "version is a text or a whole number, not " .. shown(version)
    elseif at == nil then
      return nil, "at is missing: before which batch the set is read again"
    end
  end
  local out, why = series.ranges(at or {})
  for _, range in ipairs(out or {}) do range[3] = version and tostring(version) end
  return out, why
end

-- The values of the keys that say how a rule's rows come in.
local function check_rows(test, report)
  for _, key in ipairs { "fires", "quiet", "restart_at", "rebalance_at", "reload_at" } do
    local _, why = (key == "reload_at" and reloads or series.ranges)(test[key] or {})
    if why then report(key .. ": " .. why) end
  end
  for key, least in next, { seed = 0, out_of_order = 1 } do
    local v = test[key]
    if v ~= nil and (math.type(v) ~= "integer" or v < least) then
      report(key .. " is a whole number from " .. least .. ", not " .. shown(v))
    end
  end
  if test.kafka ~= nil and not given.is_instants(test.kafka) then
    report("kafka is when Kafka got each row, at(\"0s\", \"1s\"), not " .. shown(test.kafka))
  end
  if test.clock ~= nil then
    local _, why = given.clock_of(test.clock)
    if why then report(why) end
  end
  if test.property ~= nil then property.check(test.property, report) end
  if test.property ~= nil and test.given ~= nil then
    report("a property makes its own rows: take given out")
  end
end

-- A fixture is all the rows there are, or one of a list of them.
local function check_fixtures(input, v, report)
  for _, part in ipairs(type(v) == "table" and v or {}) do
    if files.is("fixture", part) and (input == "events" or not files.fixtures_of(v)) then
      return report(input .. ": a fixture stands alone"
        .. (input == "given" and ", or in a list of fixtures, a batch each" or ""))
    end
  end
end

local expected_by = {} -- path of a golden file -> title of the test that expects it

local function check_golden(test, report)
  local golden = test.expect
  if golden == nil then return end
  if not files.is("golden", golden) then
    report("expect is what a file says, golden \"name.golden.json\", not " .. shown(golden))
  elseif test.property ~= nil or test.verdict == "error" then
    report("expect: nothing is kept of "
      .. (test.property ~= nil and "a property: its rows are made up" or "an error"))
  elseif expected_by[golden.path] then
    report("expect: " .. golden.path .. " is that of test " .. shown(expected_by[golden.path])
      .. ": each test has its own")
  else
    expected_by[golden.path] = test[1]
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
  if test.level ~= nil and not levels[test.level] then
    report("level is 'warn' or 'critical', not " .. shown(test.level))
  end
  if test.warns and type(test.warns) ~= "string" then
    report("warns is a part of the warning, or false, not " .. shown(test.warns))
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
  if kind ~= "topic" then check_rows(test, report) end
  if type(test[input]) ~= "table" and test.property == nil and test.clock == nil then
    report(input .. " is missing: a test needs it")
  end
  check_fixtures(input, test[input], report)
  check_golden(test, report)
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
      local faults = 0
      check_one(test, kind, function(message)
        faults = faults + 1
        local line = source.line_of_text(file, test[1], "tests")
        tg.fault(file.path, line, "test " .. shown(test[1]) .. ": " .. message)
      end)
      if faults == 0 then good[#good + 1] = test end
    end
  end
  return good
end

-- ---------------------------------------------------------------- one after the other

local own_only -- the tests that stand in the user's files, as they are written

local function list(own)
  local found = {}
  own_only = own
  for _, kind in ipairs(rules.all) do
    kind.seen = { tests = 0 }
    for _, test in ipairs(own and kind.file.catalogue and {} or kind.tests) do
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
  if type(test) ~= "table" or type(test[input] or test.clock) ~= "table" then
    error(input .. " is missing", 0)
  end
  check_keys(test, item.topic and topic_keys or rule_keys, function(why) error(why, 0) end)
  return { item }
end

-- Expected rows may name declared fields only.
local function misnamed(item)
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

-- The kind of rule that a test is about: the file's, or one of its aliases.
local function kind_of(item)
  local name = item.test.alias
  if name == nil then return item.kind end
  local kind = rules.kinds[name]
  if not kind or kind.alias_of ~= item.kind.name then
    return nil, item.kind.name .. " has no alias " .. shown(name)
  end
  return kind
end

local function types_of(item, batches)
  local test = item.test
  local made = test.property or series.is_series(test.given) or item.found
  local types = given.types_of(batches, not made and test.given or nil)
  for name, kind in next, item.found or {} do types[name] = kind end
  local topic = item.kind.topics and tg.topics.topics[item.kind.topics[1]]
  for name, kind in next, topic and topic.fields or {} do types[name] = kind end
  for name, kind in next, test.types or {} do types[name] = kind end
  return types
end

-- Before which batches the state is saved and read again: a restart, a partition that moves, a
-- reload of the same set are one and the same to a rule.
local function restarts(test)
  local batches = {}
  local add = function(ranges)
    for _, range in ipairs(ranges) do
      for i = range[1], math.min(range[2], 10000) do batches[#batches + 1] = i end
    end
  end
  add(series.ranges(test.restart_at or {}))
  add(series.ranges(test.rebalance_at or {}))
  add(reloads(test.reload_at))
  return batches
end

-- The reloads that bring a version of the rule: a list of { batch, version, what its state is kept
-- under }, or nil.
local function versions_of(test, bind)
  local out = {}
  for _, reload in ipairs(reloads(test.reload_at)) do
    if reload[3] then
      local args = {}
      for key, v in next, test.with or {} do args[key] = v end
      args.version = reload[3]
      local rule = bind(args)
      out[#out + 1] = { reload[1], reload[3], rule and rule.state and rule.state.text }
    end
  end
  return #out > 0 and out or nil
end

-- Rows of a batch that come up to n places later than given, always the same ones; and which of
-- the given rows comes i-th.
local function out_of_order(batches, n)
  local out, order = {}, {}
  for b, rows in ipairs(batches) do
    local random, places, before = series.random(n), {}, #order
    for i, row in ipairs(rows) do places[i] = { i + random() * n, row, before + i } end
    table.sort(places, function(x, y) return x[1] < y[1] end)
    out[b] = {}
    for i, place in ipairs(places) do out[b][i], order[before + i] = place[2], place[3] end
  end
  return out, order
end

local function kafka_of(item)
  local times = item.test.kafka
  if not times or not item.order then return times end
  local out = {}
  for i, from in ipairs(item.order) do out[i] = times[from] end
  return out
end

-- What C needs to judge these batches: { batches, columns, rule, lookups, kafka }, or { error }.
local function spec_of(item, batches)
  local lookups, why = lookups_of(item)
  local kind, fault = kind_of(item)
  if why or fault then return { error = why or fault } end
  local types, faults = types_of(item, batches), {}
  tg.judge.forget()
  local topic = { fields = types, lookups = item.test.lookups }
  local bind = function(args)
    return rules.bind(kind, args, topic, item.path .. ":" .. item.line,
      function(message) faults[#faults + 1] = message end)
  end
  local rule = bind(item.test.with or {})
  if not rule then return { error = table.concat(faults, "; ") } end
  return { batches = batches, columns = given.column_list(types), rule = rule, lookups = lookups,
    kafka = kafka_of(item), restart = restarts(item.test),
    versions = versions_of(item.test, bind),
    clock = item.test.clock and given.clock_of(item.test.clock) }
end

local function batches_as_given(item)
  local test = item.test
  if test.property then
    item.run = property.begin(test.property)
    item.rows = item.run.rows
    return { item.rows }
  end
  if test.given == nil then return {} end
  local fixtures = files.fixtures_of(test.given)
  if fixtures then
    local batches
    batches, item.found = files.read(fixtures)
    return batches
  end
  if series.is_series(test.given) then return series.batches_of(test.given, test.seed or 1) end
  return given.batches_of(test.given)
end

local function batches_of(item)
  local batches = batches_as_given(item)
  if item.test.out_of_order then
    batches, item.order = out_of_order(batches, item.test.out_of_order)
  end
  return batches
end

-- What C needs to run test `item`; spec.error when it cannot be run, which may be what the test
-- expects.
local function prepare(item)
  if not item.topic then
    item.spec = spec_of(item, batches_of(item))
    return item.spec
  end
  local lookups, fault = lookups_of(item)
  local why = fault or misnamed(item)
  if why then return { error = why } end
  local events = item.test.events
  if files.is("fixture", events) then events = files.read_events(events) end
  return { events = events, rows = item.test.rows, handle = item.topic.handle,
    lookups = lookups, golden = item.test.expect ~= nil }
end

-- ---------------------------------------------------------------- what came out

-- What the golden file of a test has to say; what is to be written into it is left in item.keep.
local function golden_difference(item, got, others)
  local file = item.test.expect
  if not file or got.error or got.verdict == "error" then return end
  local text = tg.golden.text(item, got)
  local why = tg.golden.difference(file.path, text)
  if not why or others > 0 or not tg.keeps() then return why end
  item.keep = text
end

-- nil when the test holds, else lines that show what was expected and what was got.
local function differences(item, got)
  local lines = {}
  local differ = function(what, expected, found)
    lines[#lines + 1] = what .. ": expected " .. tostring(expected) .. ", got " .. tostring(found)
  end
  local by = item.topic and compare.topic or compare.rule
  by(item.test, got, differ)
  lines[#lines + 1] = golden_difference(item, got, #lines)
  return #lines > 0 and table.concat(lines, "\n") or nil
end

-- Remembers whether the rule was ever seen to fail and to pass.
local function note_seen(kind, got)
  local seen = kind.seen
  seen.tests = seen.tests + 1
  if got.verdict == "error" then return end
  seen.fail = seen.fail or #got.fails > 0 or got.verdict == "fail"
  seen.pass = seen.pass or got.evaluated > #got.fails and not kind.judge
    or got.verdict == "pass" and kind.judge ~= nil
end

local function next_check(item)
  item.check = table.remove(item.checks, 1)
  return item.check and item.check.spec
end

local function checked(item, got)
  local why = item.check.differs(item.first, got)
  if why then return checks.told(item.kind, item.check, why) end
  return next_check(item)
end

-- A further case of a property as a spec, or what to tell.
local function property_step(item, got)
  local rows, told = property.step(item.run, item.rows, got)
  if not rows then return told end
  item.rows = rows
  return spec_of(item, { rows })
end

-- What follows from a result: nil (the test holds), a text (it does not), or a further spec.
local function step(item, got)
  local seen = tg.judge.last()
  got.observed, got.is_measure = seen and seen.observed, seen ~= nil
  got.warning = item.spec and item.spec.rule and item.spec.rule.warning
  tg.judge.forget()
  if item.check then return checked(item, got) end
  if item.run then return property_step(item, got) end
  if item.kind then note_seen(item.kind, got) end
  if item.order then got.fails, got.reasons = checks.as_given(got, item.order) end
  local why = differences(item, got)
  if why or own_only or item.topic or item.order or got.verdict == "error" then return why end
  item.first, item.checks = got, checks.of(item.kind, item.spec)
  return next_check(item)
end

-- The same; a golden file is written when all else holds.
local function next_step(item, got)
  local found = step(item, got)
  if found ~= nil or not item.keep then return found end
  local text = item.keep
  item.keep = nil
  return tg.keep(item.test.expect.path, item.file.catalogue, text)
end

-- Rules whose tests all ran, and never saw them fail or pass: a list of
-- { path, line, subject, title, detail, note }. Of a user's rule it is a note, and so it is that a
-- rule has no test, which only a run of all tests can say.
local function unseen(filtered)
  local out = {}
  if own_only then return out end
  for _, kind in ipairs(rules.all) do
    local note = not kind.file.catalogue
    local tell = function(title, detail)
      out[#out + 1] = { path = kind.file.path, line = source.line_of(kind.file, "tests"),
        subject = kind.name, title = title, detail = detail, note = note }
    end
    local all_ran = kind.seen.tests == #kind.tests and #kind.tests > 0
    for _, way in ipairs { "fail", "pass" } do
      if all_ran and not kind.seen[way] then
        tell("is seen to " .. way, "no test in which it is seen to " .. way)
      end
    end
    if #kind.tests == 0 and not filtered then tell("has a test", "no test") end
  end
  return out
end

return {
  check = check, list = list, single = single, prepare = prepare, next = next_step,
  unseen = unseen,
}
