#!/usr/bin/env bash
# C and C++ are laid out as .clang-format says: format.sh [ROOT]. ./dev fmt mends it.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"
find core bindings tests \( -name '*.[ch]' -o -name '*.cc' \) -print0 |
  xargs -0 -r -n 8 -P "$(nproc)" clang-format-14 --dry-run -Werror
