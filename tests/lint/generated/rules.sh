#!/usr/bin/env bash
# docs/rules comes from the rules of the catalogue and their tests; docs/lua from the API's table.
set -euo pipefail
program=$1 status=0
same() { # FILE DOCUMENT..
  local file=$1
  shift
  diff -u "$file" <("$program" docs "$@") >&2 && return
  echo "bring it up to date: $program docs $* >$file"
  status=1
}
same docs/lua/tidegate.d.lua lua
same docs/lua/tidegate_std.lua luacheck
for dimension in $("$program" docs rules); do
  same "docs/rules/$dimension.md" rules "$dimension"
done
exit $status
