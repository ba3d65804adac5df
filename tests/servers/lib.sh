# shellcheck shell=bash
# Helpers of the test servers' scripts; sourced, not run.

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# Sets REPLY to a TCP port on 127.0.0.1 that nobody listens on, below the ephemeral range, so that
# no client connection takes it between a stop and a restart. Never twice the same in one process.
declare -A ports_given=()
free_port() {
  local try
  for ((try = 0; try < 200; try++)); do
    REPLY=$((15000 + RANDOM % 15000))
    [[ ${ports_given[$REPLY]-} ]] && continue
    (: <"/dev/tcp/127.0.0.1/$REPLY") 2>/dev/null && continue
    ports_given[$REPLY]=1
    return
  done
  die "no free port found"
}

# True while the process runs; a zombie does not.
alive() { # alive PID
  local state
  state=$(awk '{ sub(/.*\) /, ""); print $1 }' "/proc/$1/stat" 2>/dev/null) || return 1
  [[ $state && $state != Z ]]
}

wait_gone() { # wait_gone PID SECONDS
  local i
  for ((i = 0; i < $2 * 20; i++)); do
    alive "$1" || return 0
    sleep 0.05
  done
  return 1
}
