#!/usr/bin/env bash
# Shell scripts are shellcheck clean: shell.sh [ROOT]. A script is *.sh or starts with a bash line.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"
mapfile -t scripts < <(
  find . \( -path ./build -o -path ./.git -o -path ./tmp \) -prune -o -type f \
    \( -name '*.sh' -o -perm -u+x \) -print | sort |
    while read -r file; do
      if [[ $file == *.sh ]] || [[ $(head -c 40 "$file" | tr -d '\0') == '#!'*bash* ]]; then
        echo "$file"
      fi
    done
)
((${#scripts[@]} == 0)) || shellcheck -x -P SCRIPTDIR "${scripts[@]}"
