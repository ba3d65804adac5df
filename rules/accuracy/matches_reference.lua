-- rules/accuracy/matches_reference.lua: events repeat what a reference says: name, unit, tier.
return {
  doc       = "The key is in the lookup and the named columns equal what stands there; a null key"
    .. " is left out.",
  dimension = "accuracy",
  params    = { "keys columns", "columns columns", "table lookup", "min_match share = 1.0" },
  mostly    = "$min_match",
  check     = function(b, p)
    local keys, known = {}, nil
    for i, name in ipairs(p.keys) do
      keys[i] = b[name]
      known = known and known & keys[i]:not_null() or keys[i]:not_null()
    end
    local ref = lookup[p.table]
    local found, same = ref:get(table.unpack(keys)), ref:has(table.unpack(keys))
    for _, name in ipairs(p.columns) do same = same & b[name]:is(found[name]) end
    return same:where(known)
  end,
  reason    = "{keys}: {columns} do not match {table}",
  tests     = {
    { "another value, a key that is not there", with = { { "sku" }, { "name" }, "items" },
      lookups = { items = { A1 = { name = "bolt" }, A2 = { name = "nut" } } },
      given = { sku = { "A1", "A2", "A3", "A1" }, name = { "bolt", "bolt", "bolt", null } },
      fails = { 2, 3, 4 }, evaluated = 4 },
    { "a null key is not judged, null equals null", with = { { "sku" }, { "name" }, "items" },
      lookups = { items = { A1 = { name = null }, A2 = { name = "nut" } } },
      given = { sku = { "A1", null, "A2" }, name = { null, "nut", null } }, fails = { 3 },
      evaluated = 2 },
    { "all columns count", with = { { "sku" }, { "name", "unit" }, "items" },
      lookups = { items = { A1 = { name = "bolt", unit = "kg" } } },
      given = { sku = { "A1", "A1", "A1" }, name = { "bolt", "nut", "bolt" },
        unit = { "kg", "kg", "g" } }, fails = { 2, 3 } },
    { "keys of two columns", with = { { "a", "b" }, { "v" }, "pairs" },
      lookups = { pairs = { key = { "a", "b" }, { a = "x", b = 1, v = 10 },
        { a = "x", b = 2, v = 20 } } },
      given = { a = { "x", "x", "y", "x", null }, b = { 1, 2, 1, null, 1 },
        v = { 10, 10, 10, 10, 10 } }, fails = { 2, 3 }, evaluated = 3 },
    { "min_match is a share of the rows", with = { { "k" }, { "v" }, "ref", min_match = 0.5 },
      lookups = { ref = { a = { v = 1 }, b = { v = 2 } } },
      given = { k = { "a", "b" }, v = { 1, 1 } }, fails = { 2 }, verdict = "pass" },
    { "below min_match it fails", with = { { "k" }, { "v" }, "ref", min_match = 0.6 },
      lookups = { ref = { a = { v = 1 }, b = { v = 2 } } },
      given = { k = { "a", "b" }, v = { 1, 1 } }, fails = { 2 }, verdict = "fail" },
    { "a value that the lookup does not have is an error", with = { { "k" }, { "w" }, "ref" },
      lookups = { ref = { a = { v = 1 } } }, given = { k = { "a" }, w = { 1 } },
      verdict = "error" },
  },
}
