#!/usr/bin/env bash
# A throwaway PostgreSQL for tests: loopback, free port, own folder, never as root.
#   postgres.sh start --dir DIR [--fsync on|off] [key=value ..]   prints a connection string
#   postgres.sh stop|immediate|restart --dir DIR                  immediate = as after a crash
#   postgres.sh standby --dir DIR --of DIR [--space OLD=NEW]      follows another; its tablespace
#                                                                 OLD is in NEW; prints as start
#   postgres.sh promote --dir DIR                                 it follows no more
#   postgres.sh wipe --dir DIR                                    kill and remove everything in DIR
#   postgres.sh dsn|pid --dir DIR
# start after stop or immediate = same data and port. fsync is on unless told otherwise; off is for
# tests that lose nothing by a crash of the machine. User postgres, no password (127.0.0.1 only).
# As root the server runs as the user postgres, who must be able to reach DIR.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
dir='' of='' space='' fsync=on settings=()
owner=()
((EUID)) || owner=(setpriv --reuid postgres --regid postgres --init-groups)

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

find_bin() { # the newest version installed
  local found
  found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  [[ -x $found/initdb ]] || die "PostgreSQL is missing: ./dev setup"
  bin=$found
}

as_owner() { (cd / && exec ${owner[@]+"${owner[@]}"} env LC_ALL=C "$@"); }

create() {
  local sockets=$dir
  rm -rf "$dir/data"
  prepare
  as_owner "$bin/initdb" -N -D "$dir/data" -U postgres --auth=trust --no-locale --encoding=UTF8 \
    >"$dir/initdb.log" 2>&1 || { tail -n 15 "$dir/initdb.log" >&2 && die "initdb failed"; }
  free_port
  ((${#sockets} < 80)) || sockets='' # 107 bytes with the file's name in it
  cat >>"$dir/data/postgresql.conf" <<C
listen_addresses = '127.0.0.1'
port = $REPLY
unix_socket_directories = '$sockets'
fsync = $fsync
full_page_writes = $fsync
max_connections = 60
max_wal_size = '2GB'
logging_collector = off
C
  ((${#settings[@]} == 0)) || printf '%s\n' "${settings[@]}" >>"$dir/data/postgresql.conf"
  echo "host=127.0.0.1 port=$REPLY user=postgres dbname=postgres" >"$dir/dsn"
}

prepare() { # the folder
  mkdir -p "$dir"
  ((EUID)) || chown postgres: "$dir"
  chmod 700 "$dir"
  as_owner test -w "$dir" || die "$dir: the user postgres cannot write there"
}

follow() { # a copy of the one in $of that follows it; a tablespace goes to another folder
  local map=() sockets=$dir
  [[ ! $space ]] || map=(-T "$space")
  prepare
  as_owner "$bin/pg_basebackup" -D "$dir/data" -d "$(cat "$of/dsn")" -R -c fast -X stream \
    ${map[@]+"${map[@]}"} >"$dir/initdb.log" 2>&1 ||
    { tail -n 15 "$dir/initdb.log" >&2 && die "pg_basebackup failed"; }
  free_port
  ((${#sockets} < 80)) || sockets=''
  printf '%s\n' "port = $REPLY" "unix_socket_directories = '$sockets'" >>"$dir/data/postgresql.conf"
  sed "s/port=[0-9]*/port=$REPLY/" "$of/dsn" >"$dir/dsn"
}

boot() {
  as_owner "$bin/pg_ctl" -s -w -t 60 -D "$dir/data" -l "$dir/log" start </dev/null ||
    { tail -n 15 "$dir/log" >&2 && die "PostgreSQL did not start ($dir/log)"; }
}

halt() { # halt MODE
  as_owner "$bin/pg_ctl" -s -D "$dir/data" status >/dev/null || return 0
  as_owner "$bin/pg_ctl" -s -w -t 60 -D "$dir/data" -m "$1" stop
}

verb=${1:-}
(($# == 0)) || shift
while (($#)); do
  case $1 in
    --dir) dir=$2 && shift 2 ;;
    --of) of=$2 && shift 2 ;;
    --space) space=$2 && shift 2 ;;
    --fsync) fsync=$2 && shift 2 ;;
    *=*) settings+=("$1") && shift ;;
    *) usage ;;
  esac
done
[[ $dir ]] || usage
[[ $fsync == on || $fsync == off ]] || usage
find_bin
case $verb in
  start)
    [[ -f $dir/dsn ]] || create
    boot
    cat "$dir/dsn"
    ;;
  standby)
    follow
    boot
    cat "$dir/dsn"
    ;;
  promote) as_owner "$bin/pg_ctl" -s -w -t 60 -D "$dir/data" promote ;;
  stop) halt fast ;;
  immediate) halt immediate ;;
  restart) halt fast && boot ;;
  wipe)
    [[ -d $dir/data || -f $dir/initdb.log ]] || exit 0
    halt immediate
    rm -rf -- "$dir"
    ;;
  dsn) cat "$dir/dsn" ;;
  pid) head -n 1 "$dir/data/postmaster.pid" ;;
  *) usage ;;
esac
