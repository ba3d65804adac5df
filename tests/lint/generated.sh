#!/usr/bin/env bash
# Generated files are up to date: generated.sh TIDEGATE [ROOT] runs every executable *.sh of
# tests/lint/generated with the program's path; each compares a committed file with what the program
# prints now, shows the difference and says how to bring the file up to date.
set -euo pipefail
program=$1 status=0
cd "${2:-$(dirname "${BASH_SOURCE[0]}")/../..}"
for hook in tests/lint/generated/*.sh; do
  [[ -x $hook ]] || continue
  "$hook" "$program" || { echo "$hook: a generated file is out of date" && status=1; }
done
exit $status
