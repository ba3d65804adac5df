-- prelude_pages.lua: pages about rules for people, made of the rules: docs/rules/*.md and
-- `tidegate rules NAME`; and the names that scripts can use.
local tg = ...
local params, rules = tg.params, tg.rules

local examples_max, line_max = 4, 100

-- ---------------------------------------------------------------- values as Lua writes them

local literal

local function table_text(v)
  local parts = {}
  for i = 1, #v do parts[i] = literal(v[i]) end
  local names = {}
  for key in next, v do
    if type(key) == "string" then names[#names + 1] = key end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local key = name:find("^[%a_][%w_]*$") and name or '["' .. name .. '"]'
    parts[#parts + 1] = key .. " = " .. literal(v[name])
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

function literal(v)
  if v == tg.null then return "null" end
  if type(v) == "string" then return '"' .. tg.shown(v) .. '"' end
  if type(v) == "table" then return table_text(v) end
  if type(v) == "function" then return "function .. end" end
  if math.type(v) == "float" and v == math.floor(v) and math.abs(v) < 1e15 then
    return string.format("%.1f", v)
  end
  return tostring(v)
end

local function cell(text) return (text:gsub("|", "\\|"):gsub("\n", " ")) end

-- ---------------------------------------------------------------- parts of a page

local function call_of(kind)
  local names = {}
  for _, p in ipairs(kind.params) do
    if kind.preset[p.name] == nil then names[#names + 1] = p.name end
  end
  return kind.name .. "(" .. table.concat(names, ", ") .. ")"
end

local function add_params(out, kind)
  if #kind.params == 0 then return end
  out("| argument | kind | |")
  out("|---|---|---|")
  for _, p in ipairs(kind.params) do
    local note = p.default ~= nil and "default `" .. cell(literal(p.default)) .. "`"
      or p.optional and "may be left out" or "required"
    out("| `" .. p.name .. "` | " .. cell(p.kind) .. " | " .. note .. " |")
  end
  out("")
end

local scopes = {
  row = "Judges row by row.",
  batch = "Compares the rows of a batch with each other.",
  stream = "Remembers what came before.",
}

local function add_form(out, kind)
  if kind.measure then
    local empty = kind.common.empty or "fail"
    out("A measure: judges the batch or window as a whole; with nothing to measure the verdict is `"
      .. empty .. "`." .. (kind.depends == "stream" and " " .. scopes.stream or ""))
  else
    out("A check: failing rows meet `on_fail`, each with a reason. "
      .. scopes[kind.depends or kind.state and "stream" or "row"])
  end
  if kind.on_event then out("Judges events as they came, before `transform`.") end
  out("")
end

local function add_aliases(out, kind)
  for _, name in ipairs(params.names_of(rules.kinds)) do
    local alias = rules.kinds[name]
    if alias.alias_of == kind.name then
      out("Alias `" .. call_of(alias) .. "`: `" .. kind.name .. "` with "
        .. (next(alias.preset) and "`" .. table_text(alias.preset) .. "`" or "nothing changed")
        .. ".")
      out("")
    end
  end
end

local function outcome_of(test)
  if test.verdict == "error" then return "cannot be judged" end
  local parts = {}
  if test.fails then
    parts[1] = #test.fails == 0 and "no row fails"
      or (#test.fails == 1 and "row " or "rows ") .. table.concat(test.fails, ", ")
        .. (#test.fails == 1 and " fails" or " fail")
  elseif test.verdict then
    parts[1] = "verdict " .. test.verdict
  end
  if test.observed ~= nil then parts[#parts + 1] = "observed " .. literal(test.observed) end
  return table.concat(parts, ", ")
end

local function example(kind, test)
  local name = test.alias or kind.name
  local call = name .. " " .. table_text(test.with or {})
  local line = "`" .. cell(call) .. "` on `" .. cell(table_text(test.given)) .. "`: "
    .. outcome_of(test) .. " (" .. test[1] .. ")"
  return #line <= 2 * line_max and line or nil
end

local function add_examples(out, kind)
  local count = 0
  for _, test in ipairs(kind.tests) do
    local fit = type(test.given) == "table" and #test.given == 0 and not test.fires
      and not tg.files.is("fixture", test.given)
      and count < examples_max and (test.fails or test.verdict)
    local line = fit and example(kind, test)
    if line then
      if count == 0 then out("Examples, of its tests (rows from 1):\n") end
      out("- " .. line)
      count = count + 1
    end
  end
  if count > 0 then out("") end
end

local function add_rule(out, kind)
  out("## " .. call_of(kind) .. "\n")
  out(kind.doc .. "\n")
  add_form(out, kind)
  add_params(out, kind)
  add_aliases(out, kind)
  add_examples(out, kind)
end

-- ---------------------------------------------------------------- pages

local function writer()
  local lines = {}
  return function(line) lines[#lines + 1] = line end,
    function() return table.concat(lines, "\n") .. "\n" end
end

-- The page of one rule, or of the rule that an alias stands for; nil when there is none.
local function rule(name)
  local kind = rules.kinds[name]
  if kind and kind.alias_of then kind = rules.kinds[kind.alias_of] end
  for _, active in ipairs(rules.active) do
    if active.name == name then kind = active end
  end
  if not kind then return nil end
  local out, text = writer()
  add_rule(out, kind)
  out("File: " .. kind.file.path)
  return text()
end

local function of_dimension(name)
  local list = {}
  for _, kind in ipairs(rules.all) do
    local dimension = kind.file.catalogue and kind.file.path:match("^rules/([^/]+)/")
    if dimension == name then list[#list + 1] = kind end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- The page of a folder of the catalogue; nil when there is none.
local function dimension(name)
  local list = of_dimension(name)
  if #list == 0 then return nil end
  local out, text = writer()
  out("# Rules: " .. name .. "\n")
  out("Made from the rules themselves (`tidegate docs rules " .. name .. "`). Arguments that all"
    .. " rules take: ../LUA.md.\n")
  for _, kind in ipairs(list) do add_rule(out, kind) end
  return (text():gsub("\n+$", "\n"))
end

-- The folders of the catalogue, a line each.
local function dimensions()
  local names = {}
  for _, kind in ipairs(rules.all) do
    local name = kind.file.catalogue and kind.file.path:match("^rules/([^/]+)/")
    if name then names[name] = true end
  end
  return table.concat(params.names_of(names), "\n") .. "\n"
end

-- ---------------------------------------------------------------- names

local of_lua = {}
for name in ([[_G _VERSION assert error getmetatable ipairs next pairs pcall print rawequal rawget
  rawlen rawset select setmetatable tonumber tostring type xpcall math string table utf8 require
  bit32]]):gmatch("%S+") do
  of_lua[name] = true
end

-- What scripts can use besides Lua's own, as a file for luacheck.
local function luacheck()
  local names = {}
  for _, name in ipairs(params.names_of(tg.api)) do
    if not of_lua[name] and not rules.kinds[name] then names[#names + 1] = name end
  end
  return "-- What scripts and rules can use besides Lua's own: `tidegate docs luacheck`.\n"
    .. "-- Use: stds.tidegate = { read_globals = dofile \"tidegate_std.lua\" }\n"
    .. "return {\n  \"" .. table.concat(names, "\",\n  \"") .. "\",\n}\n"
end

return { rule = rule, dimension = dimension, dimensions = dimensions, luacheck = luacheck }
