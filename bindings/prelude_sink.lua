-- prelude_sink.lua: what a topic cannot have in a pipeline with `sink: kafka`, which keeps nothing
-- in PostgreSQL.
local tg = ...

local why = " a pipeline with sink: kafka keeps nothing in PostgreSQL; "

-- The keys of a topic file; report(key, message).
local function check_topic(values, report)
  if not tg.to_kafka then
    if values.table == nil then report(nil, "'table' is missing: a topic needs it") end
    return
  end
  if values.table ~= nil then
    report("table", "table:" .. why .. "take it out, records go to the topic's outputs")
  end
  if values.dedup ~= nil then
    report("dedup", "dedup: what was seen would be forgotten:" .. why .. "use sink: postgres")
  end
  if values.outputs == nil then
    report(nil, "'outputs' is missing: with sink: kafka a topic needs somewhere to emit to")
  end
  if values.dead_letter == nil then
    report(nil, "'dead_letter' is missing: with sink: kafka refused events need a topic to go to")
  end
end

-- Lookups that C has taken; report(key, message).
local function check_lookups(lookups, report)
  for name, decl in next, tg.to_kafka and lookups or {} do
    if decl.table then
      report("lookups", "lookups: " .. name .. " is a table:" .. why .. "read it from a file")
    end
  end
end

-- A rule as bound; tell(message), warn(message).
local function check_rule(kind, rule, tell, warn)
  if not tg.to_kafka then return end
  if rule.state and not rule.state.forget then
    tell(kind.name .. ": what it remembers by key would be forgotten:" .. why
      .. "use sink: postgres")
  end
  if rule.over_us > 0 or rule.every_us > 0 then
    tell(kind.name .. ": windows and clocks are judged over what is in PostgreSQL:" .. why
      .. "over = \"batch\" is judged with each load")
  end
  if rule.bake_us > 0 then
    tell(kind.name .. ": bake: since when a rule acts is kept in PostgreSQL:" .. why
      .. "use shadow = true and take it out by hand")
  end
  if rule.on_fail == "tag" and rule.check and not rule.shadow then
    warn(kind.name .. ": on_fail = \"tag\" shows in metrics only: with sink: kafka the records of"
      .. " a tagged row look like all others")
  end
end

return { check_topic = check_topic, check_lookups = check_lookups, check_rule = check_rule }
