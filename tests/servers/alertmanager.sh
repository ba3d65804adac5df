#!/usr/bin/env bash
# A throwaway Alertmanager, of Debian's package. Its own service stays off (./dev setup).
#   alertmanager.sh start --dir D [--port P]   prints its address
#   alertmanager.sh stop|wipe --dir D          wipe: stop, remove the folder
set -euo pipefail
# shellcheck source=tests/servers/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
program=prometheus-alertmanager

verb=${1-} dir='' port=''
shift || true
while (($#)); do
  case $1 in
    --dir) dir=$2 ;;
    --port) port=$2 ;;
    *) die "unknown: $1" ;;
  esac
  shift 2
done
[[ $dir ]] || die "--dir is missing"

answers() { # answers PORT
  python3 -c 'import sys, urllib.request as u
u.urlopen(f"http://127.0.0.1:{sys.argv[1]}/-/ready", timeout=5)' "$1" 2>/dev/null
}

start() {
  local i
  command -v $program >/dev/null || die "$program is missing: ./dev setup"
  mkdir -p "$dir"
  [[ $port ]] || { free_port && port=$REPLY; }
  printf '%s\n' 'route: { receiver: nobody }' 'receivers: [{ name: nobody }]' >"$dir/conf.yml"
  $program --config.file="$dir/conf.yml" --storage.path="$dir/data" \
    --web.listen-address="127.0.0.1:$port" --cluster.listen-address= \
    >>"$dir/log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  for ((i = 0; i < 1200; i++)); do
    answers "$port" && echo "127.0.0.1:$port" && return
    alive "$(<"$dir/pid")" || break
    sleep 0.05
  done
  tail -n 20 "$dir/log" >&2
  die "it does not answer"
}

stop() {
  local pid
  pid=$(cat "$dir/pid" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || true
  wait_gone "$pid" 30 || kill -9 "$pid" 2>/dev/null || true
}

case $verb in
  start) start ;;
  stop) stop ;;
  wipe) stop && rm -rf "$dir" ;;
  *) die "start, stop or wipe" ;;
esac
