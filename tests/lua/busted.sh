#!/bin/sh
# busted.sh SPEC: runs a spec under Lua 5.4; exit 77 (skip) names the tool that is missing.
set -eu
if [ ! -x "${BUSTED:-}" ]; then
  echo "SKIP: busted is not installed (./dev setup)"
  exit 77
fi
if [ ! -x "${LUA54:-}" ]; then
  echo "SKIP: lua5.4 is not installed (./dev setup)"
  exit 77
fi
exec "$BUSTED" --lua="$LUA54" --output=plainTerminal "$@"
