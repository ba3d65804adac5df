#!/bin/sh
# busted.sh SPEC: runs a spec under Lua 5.4; exit 77 (skip) names the tool that is missing.
set -eu
for tool in BUSTED LUA54; do
  eval "path=\${$tool:-}"
  if [ ! -x "$path" ]; then
    echo "SKIP: $tool is not installed (./dev setup)"
    exit 77
  fi
done
exec "$BUSTED" --lua="$LUA54" --output=plainTerminal "$@"
