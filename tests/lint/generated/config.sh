#!/usr/bin/env bash
# docs/CONFIG.md and docs/config.schema.json come from the property table,
# docs/FORMATS.md from the table of formats.
set -euo pipefail
program=$1 status=0
same() { # FILE DOCUMENT
  diff -u "$1" <("$program" docs "$2") && return
  echo "bring it up to date: $program docs $2 >$1"
  status=1
}
same docs/CONFIG.md config
same docs/config.schema.json schema
same docs/FORMATS.md formats
exit $status
