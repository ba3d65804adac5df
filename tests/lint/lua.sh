#!/usr/bin/env bash
# Lua files are luacheck clean (.luacheckrc): lua.sh [ROOT].
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"
find rules scripts bindings core tests -name '*.lua' -not -path '*/attacks/*' -print0 2>/dev/null |
  xargs -0 -r luacheck --no-cache --no-color -q
