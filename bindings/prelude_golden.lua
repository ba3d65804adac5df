-- prelude_golden.lua: what a test got as the text of a golden file, and how two of them differ. The
-- text is made for diffs: the same result is the same bytes, and a line holds one row.
local tg = ...

-- JSON text with its fractions as they are worth comparing: ten digits are the same on every
-- machine, the last ones are not.
local function rounded(json)
  local out, at = {}, 1
  while at <= #json do
    local quoted = json:match('^"[^"\\]*"', at)
    if not quoted and json:sub(at, at) == '"' then
      local stop = at + 1
      while json:sub(stop, stop) ~= '"' do
        stop = stop + (json:sub(stop, stop) == "\\" and 2 or 1)
      end
      quoted = json:sub(at, stop)
    end
    local plain = quoted or json:match("^[^%d\"-]+", at)
    local number = not plain and json:match("^-?[%d.eE+-]*", at)
    if number and number:find("[.eE]") then
      out[#out + 1] = string.format("%.10g", tonumber(number))
    else
      out[#out + 1] = plain or number
    end
    at = at + #(plain or number)
  end
  return table.concat(out)
end

-- One member of the object, a list with a line for each element.
local function add_list(out, name, list)
  if #list == 0 then
    out[#out + 1] = '  "' .. name .. '": []'
  else
    out[#out + 1] = '  "' .. name .. '": [\n    ' .. table.concat(list, ",\n    ") .. "\n  ]"
  end
end

local function object(members) return "{\n" .. table.concat(members, ",\n") .. "\n}\n" end

local function pair(number, text) return "[" .. number .. ", " .. tg.json_text(text) .. "]" end

local function of_rule(got)
  local out, fails, batches = {}, {}, {}
  out[1] = '  "verdict": "' .. got.verdict .. '"'
  out[2] = '  "level": "' .. got.level .. '"'
  out[3] = '  "evaluated": ' .. got.evaluated
  for i, row in ipairs(got.fails) do fails[i] = pair(row, got.reasons[i]) end
  for i, outcome in ipairs(got.outcomes) do
    local seen = outcome.seen and outcome.seen ~= "{}" and rounded(outcome.seen):sub(2, -2)
    batches[i] = '{"verdict": "' .. outcome.verdict .. '"' .. (seen and ", " .. seen or "") .. "}"
  end
  if not got.is_measure then add_list(out, "fails", fails) end
  if got.is_measure or #batches > 1 then add_list(out, "batches", batches) end
  return object(out)
end

local function of_topic(got)
  local out = {}
  add_list(out, "rows", got.loaded_rows)
  for _, kind in ipairs { { "quarantined", "quarantine" }, { "dropped", "drop" },
    { "tagged", "tag" } } do
    local list = {}
    for i, fate in ipairs(got.fates) do
      if fate == kind[2] then list[#list + 1] = pair(i, got.reasons[i]) end
    end
    add_list(out, kind[1], list)
  end
  return object(out)
end

-- ---------------------------------------------------------------- how they differ

local function lines_of(text)
  local list = {}
  for line in (text:gsub("\r\n", "\n"):gsub("\n*$", "") .. "\n"):gmatch("([^\n]*)\n") do
    list[#list + 1] = line
  end
  return list
end

local cells_max = 250000 -- of the table below; larger texts are told as one change
local told_max = 20      -- lines that a message shows

-- How many lines a[i..] and b[j..] share in order (the table of longest common subsequences).
local function common(a, b, from, a_end, b_end)
  local width = b_end + 2
  local best = setmetatable({}, { __index = function() return 0 end })
  for i = a_end, from, -1 do
    for j = b_end, from, -1 do
      local down, right = best[(i + 1) * width + j], best[i * width + j + 1]
      best[i * width + j] = a[i] == b[j] and 1 + best[(i + 1) * width + j + 1]
        or math.max(down, right)
    end
  end
  return function(i, j) return best[i * width + j] end
end

-- "- 3: .." for a line that was expected, "+ 3: .." for one that was got.
local function changes(a, b)
  local out, from, a_end, b_end = {}, 1, #a, #b
  while from <= a_end and from <= b_end and a[from] == b[from] do from = from + 1 end
  while a_end >= from and b_end >= from and a[a_end] == b[b_end] do
    a_end, b_end = a_end - 1, b_end - 1
  end
  local small = (a_end - from + 1) * (b_end - from + 1) <= cells_max
  local shared = small and common(a, b, from, a_end, b_end) or function() return 0 end
  local i, j = from, from
  while i <= a_end or j <= b_end do
    if small and i <= a_end and j <= b_end and a[i] == b[j] then
      i, j = i + 1, j + 1
    elseif i <= a_end and (j > b_end or shared(i + 1, j) >= shared(i, j + 1)) then
      out[#out + 1] = "- " .. i .. ": " .. a[i]
      i = i + 1
    else
      out[#out + 1] = "+ " .. j .. ": " .. b[j]
      j = j + 1
    end
  end
  return out
end

-- nil when the golden file `path` holds what was got, else what to tell.
local function difference(path, text)
  local expected = tg.text_of(path)
  if not expected then
    return "golden file " .. path .. " is not there: tidegate test --update writes it"
  end
  local list = changes(lines_of(expected), lines_of(text))
  if #list == 0 then return nil end
  local rest = #list - told_max
  if rest > 0 then list[told_max + 1] = ".. and " .. rest .. " more lines" end
  return "golden file " .. path .. ": - expected, + got (tidegate test --update writes what was"
    .. " got)\n" .. table.concat(list, "\n", 1, math.min(#list, told_max + 1))
end

return {
  text = function(item, got) return (item.topic and of_topic or of_rule)(got) end,
  difference = difference,
}
