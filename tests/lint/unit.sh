#!/usr/bin/env bash
# deploy/tidegate.service: systemd understands every line, and finds it closed enough.
# unit.sh PROGRAM
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unit=$folder/tidegate.service
sed "s#/usr/bin/tidegate#$1#" deploy/tidegate.service >"$unit"
said=$(systemd-analyze verify --man=no --generators=no "$unit" 2>&1 | grep -F "$unit" || true)
[[ -z $said ]] || { echo "$said" && exit 1; }
systemd-analyze security --offline=yes --threshold=20 "$unit" | tail -n 1
