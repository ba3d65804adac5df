-- module_spec.lua: the module `tidegate` in a stock Lua: rules and topics, tried from outside.
local tg = require "tidegate"

local between = "rules/accuracy/between.lua"

describe("run_rule", function()
  it("judges given columns", function()
    local got = tg.run_rule(between, { with = { "x", min = 1 },
      given = { x = { 0, 1, tg.null, -5 } } })
    assert.are.equal("fail", got.verdict)
    assert.are.same({ 1, 4 }, got.fails)
    assert.are.same({ "x: 0 is below min 1", "x: -5 is below min 1" }, got.reasons)
    assert.are.equal(3, got.evaluated)
    assert.is_nil(got.error)
  end)

  it("takes every kind of value across", function()
    local got = tg.run_rule("rules/validity/in_set.lua", {
      with = { "x", { "a\0\"\n\255", "b" } }, given = { x = { "b", "c" } },
    })
    assert.are.same({ 2 }, got.fails)
    got = tg.run_rule(between, { with = { "x", min = 0.1, max = math.maxinteger },
      given = { x = { 0.1, 0.05, 3 } }, types = { x = "numeric" } })
    assert.are.same({ 2 }, got.fails)
    got = tg.run_rule(between, { with = { "x", min = math.mininteger }, given = { x = { -7 } } })
    assert.are.equal("pass", got.verdict)
  end)

  it("says error for what cannot be judged", function()
    local got = tg.run_rule(between, { with = { "x" }, given = { x = { 1 } } })
    assert.are.equal("error", got.verdict)
    assert.is_truthy(got.error:find("give min, max or both", 1, true))
  end)

  it("raises for files that do not load and for values that cannot cross", function()
    assert.has_error(function() tg.run_rule("rules/none.lua", { given = {} }) end,
      "rules/none.lua cannot be read")
    assert.has_error(function()
      tg.run_rule(between, { with = { "x", min = 1, where = function() end }, given = { x = {} } })
    end, "a function cannot be given to a rule: it runs in a Lua of its own")
    assert.has_error(function() tg.run_rule(between, { with = { "x" } }) end)
    assert.has_error(function() tg.run_rule("README.md", { given = {} }) end)
  end)

  it("refuses tables that contain themselves", function()
    local t = {}
    t.t = t
    assert.has_error(function() tg.run_rule(between, { given = t }) end)
  end)
end)

describe("run_topic", function()
  local path = os.tmpname() .. ".lua"
  setup(function()
    local f = assert(io.open(path, "w"))
    f:write([[
      return {
        table = "orders",
        fields = { "id bigint not null", "amount numeric(12,2)", "ok boolean", "at timestamptz" },
        transform = function(b) b:drop(b.id:eq(2), "two") end,
        rules = { between { "amount", min = 0, on_fail = "quarantine" } },
      }]])
    f:close()
  end)
  teardown(function() os.remove(path) end)

  it("shows fates, reasons and rows", function()
    local got = tg.run_topic(path, {
      rules = { between },
      events = {
        { id = 1, amount = 1.5, ok = true, at = "2026-01-01T00:00:00Z" },
        { id = 2 }, { id = 3, amount = -1 }, "nonsense",
      },
    })
    assert.is_nil(got.error)
    assert.are.same({ "load", "drop", "quarantine", "quarantine" }, got.fates)
    assert.are.equal("two", got.reasons[2])
    assert.are.equal("amount: -1.00 is below min 0", got.reasons[3])
    assert.are.same({ { id = 1, amount = "1.50", ok = true, at = "2026-01-01T00:00:00Z" } },
      got.rows)
  end)

  it("tells all faults of files that do not load", function()
    local ok, why = pcall(tg.run_topic, path, { events = {} })
    assert.is_false(ok)
    assert.is_truthy(why:find("between", 1, true))
  end)
end)
