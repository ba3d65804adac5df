-- rules/ios_has_version.lua: one of the four compound rules of the benchmark.
return {
  topics = { "reference" },
  doc    = "Phones say which version they run.",
  check  = function(b)
    return b.os:is_in({ "windows", "macos", "linux" }) | b.ver:not_null()
  end,
  tests  = {
    { "it can fail",
      given = { os = { "ios", "linux" }, ver = { null, null } },
      fails = { 1 } },
  },
}
