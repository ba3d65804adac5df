#!/usr/bin/env bash
# A real Apache Kafka (KRaft) for tests: jars from Maven Central, loopback, free ports, own folder.
#   kafka.sh install [--version V]                       jars into the cache; start does it too
#   kafka.sh start --dir DIR [--version V] [--brokers N] [--quick] [key=value ..]
#                                                        prints the bootstrap list; --quick: half
#                                                        the CPU time to start, slower at its peak
#   kafka.sh start --dir DIR --via PORT,.. ..  a port for each broker: clients of the ports in
#                                                        DIR/via, a line each, come by them
#   kafka.sh stop|kill9|pause|resume|restart --dir DIR [--node N]         one node, or all
#   kafka.sh wipe --dir DIR                              kill and remove everything in DIR
#   kafka.sh bootstrap|pids --dir DIR
#   kafka.sh topics --dir DIR create NAME PARTITIONS [key=value ..] | list | describe|delete NAME
# stop keeps the data; restart = same configuration, ports and data. Every node is broker and
# controller, the quorum's voters are static. Needs Java 17 and Maven; versions tried: 4.3.1, 3.9.2.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tidegate/kafka
dir='' quick='' version=${KAFKA_VERSION:-4.3.1} brokers=1 node='' via='' settings=() rest=()

usage() {
  sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

parse() {
  while (($#)); do
    case $1 in
      --dir) dir=$2 && shift 2 ;;
      --version) version=$2 && shift 2 ;;
      --brokers) brokers=$2 && shift 2 ;;
      --node) node=$2 && shift 2 ;;
      --via) via=$2 && shift 2 ;;
      --quick) quick=1 && shift ;;
      --*) usage ;;
      *=*) settings+=("$1") && shift ;;
      *) rest+=("$1") && shift ;;
    esac
  done
}

install_jars() {
  local lib=$cache/$version log try
  [[ -d $lib ]] && return
  command -v mvn >/dev/null || die "Maven is missing: ./dev setup"
  mkdir -p "$cache"
  exec 9>"$cache/.lock"
  flock 9
  [[ -d $lib ]] && return
  log=$cache/install-$version.log
  for try in 1 2 3; do
    rm -rf "$lib.part"
    mvn -q -B -U -f "$here/kafka-pom.xml" -Dkafka.version="$version" dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$lib.part" >"$log" 2>&1 && break
    ((try < 3)) || { tail -n 15 "$log" >&2 && die "Maven could not get Kafka $version ($log)"; }
  done
  mv "$lib.part" "$lib"
  exec 9>&-
}

jvm() {
  java -cp "$cache/$version/*" -Dlog4j.configuration="file:$here/kafka-log4j.properties" "$@"
}

write_config() { # write_config NODE PORT CONTROLLER_PORT VOTERS
  local copies=$((brokers < 3 ? 1 : 3))
  mkdir -p "$dir/node-$1"
  cat >"$dir/node-$1/server.properties" <<P
process.roles=broker,controller
node.id=$1
listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
advertised.listeners=PLAINTEXT://127.0.0.1:$2
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.quorum.voters=$4
log.dirs=$dir/node-$1/data
num.partitions=8
auto.create.topics.enable=false
default.replication.factor=$copies
min.insync.replicas=$((copies < 3 ? 1 : 2))
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$((copies < 3 ? 1 : 2))
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=1
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=5000
group.initial.rebalance.delay.ms=100
log.cleaner.dedupe.buffer.size=16777216
log.retention.ms=-1
P
  [[ ! $via ]] || write_via "$dir/node-$1/server.properties" "$2" "$3" "$(cut -d, -f"$1" <<<"$via")"
  ((${#settings[@]} == 0)) || printf '%s\n' "${settings[@]}" >>"$dir/node-$1/server.properties"
}

# One more listener; of two lines with a name the last counts.
write_via() { # write_via FILE PORT CONTROLLER_PORT VIA
  local map=PLAINTEXT:PLAINTEXT,VIA:PLAINTEXT,CONTROLLER:PLAINTEXT host=127.0.0.1
  free_port && echo "$REPLY" >>"$dir/via"
  cat >>"$1" <<P
listeners=PLAINTEXT://$host:$2,VIA://$host:$REPLY,CONTROLLER://$host:$3
advertised.listeners=PLAINTEXT://$host:$2,VIA://$host:$4
listener.security.protocol.map=$map
inter.broker.listener.name=PLAINTEXT
P
}

create() { # folders, configuration and formatted storage of every node
  local n voters='' list='' id ports=() controllers=()
  rm -rf "$dir"/node-* "$dir/via"
  mkdir -p "$dir"
  for ((n = 1; n <= brokers; n++)); do
    free_port && ports+=("$REPLY") && list+=",127.0.0.1:$REPLY"
    free_port && controllers+=("$REPLY") && voters+=",$n@127.0.0.1:$REPLY"
  done
  echo "$version" >"$dir/version"
  [[ ! $quick ]] || : >"$dir/quick"
  id=$(head -c16 /dev/urandom | base64 | tr '+/' 'ab' | cut -c1-22)
  for ((n = 1; n <= brokers; n++)); do
    write_config "$n" "${ports[n - 1]}" "${controllers[n - 1]}" "${voters#,}"
    jvm -Xmx128m -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format -t "$id" \
      -c "$dir/node-$n/server.properties" >"$dir/node-$n/format.log" 2>&1 ||
      { tail -n 15 "$dir/node-$n/format.log" >&2 && die "node $n: format failed"; }
  done
  echo "${list#,}" >"$dir/bootstrap" # last: without it the next start creates again
}

pid_of() { cat "$dir/node-$1/pid" 2>/dev/null; }
running() { local pid && pid=$(pid_of "$1") && alive "$pid"; }

launch() {
  local log=$dir/node-$1/log jit=()
  [[ ! -f $dir/quick ]] || jit=(-XX:TieredStopAtLevel=1)
  running "$1" && die "node $1 runs already"
  [[ ! -f $log ]] || mv "$log" "$log.old"
  : >"$log" # here, not in the child: await reads it
  setsid java -cp "$cache/$version/*" -Xms128m -Xmx512m -XX:+UseSerialGC ${jit[@]+"${jit[@]}"} \
    -Dlog4j.configuration="file:$here/kafka-log4j.properties" \
    kafka.Kafka "$dir/node-$1/server.properties" >>"$log" 2>&1 </dev/null 9>&- &
  echo $! >"$dir/node-$1/pid"
}

await() { # until the node says that it is up
  local i
  for ((i = 0; i < 1200; i++)); do
    grep -q 'Kafka Server started' "$dir/node-$1/log" && return
    running "$1" || { tail -n 20 "$dir/node-$1/log" >&2 && die "node $1 died at start"; }
    sleep 0.1
  done
  tail -n 20 "$dir/node-$1/log" >&2
  die "node $1 is not up after 120 s ($dir/node-$1/log)"
}

nodes() {
  local folder
  [[ $node ]] && echo "$node" && return
  for folder in "$dir"/node-*/; do
    folder=${folder%/}
    [[ ! -d $folder ]] || echo "${folder##*-}"
  done
}

tell() { # tell SIGNAL
  local n pid
  for n in $(nodes); do
    if running "$n"; then pid=$(pid_of "$n") && kill "-$1" "$pid"; fi
  done
}

halt() { # halt SIGNAL: returns when the nodes are gone; one that ignores it for 30 s is killed
  local n pid
  tell "$1"
  tell CONT
  for n in $(nodes); do
    pid=$(pid_of "$n") || continue
    wait_gone "$pid" 30 || { kill -9 "$pid" && wait_gone "$pid" 10; }
  done
}

boot() {
  local n
  for n in $(nodes); do launch "$n"; done
  for n in $(nodes); do await "$n"; done
}

topics() {
  local args=(--bootstrap-server "$(cat "$dir/bootstrap")") setting
  case ${rest[0]-} in
    create)
      ((${#rest[@]} == 3)) || usage
      args+=(--create --topic "${rest[1]}" --partitions "${rest[2]}")
      for setting in ${settings[@]+"${settings[@]}"}; do args+=(--config "$setting"); done
      ;;
    delete | describe) args+=("--${rest[0]}" --topic "${rest[1]:?a topic}") ;;
    list) args+=(--list) ;;
    *) usage ;;
  esac
  jvm -Xmx128m -XX:TieredStopAtLevel=1 org.apache.kafka.tools.TopicCommand "${args[@]}"
}

verb=${1:-}
(($# == 0)) || shift
parse "$@"
[[ $verb == install || $dir ]] || usage
[[ $dir && -f $dir/version ]] && version=$(<"$dir/version")
case $verb in
  install) install_jars ;;
  start)
    install_jars
    [[ -f $dir/bootstrap ]] || create
    boot
    cat "$dir/bootstrap"
    ;;
  stop) halt TERM ;;
  kill9) halt KILL ;;
  pause) tell STOP ;;
  resume) tell CONT ;;
  restart) halt TERM && boot ;;
  wipe)
    [[ -f $dir/version ]] || exit 0
    halt KILL
    rm -rf -- "$dir"
    ;;
  bootstrap) cat "$dir/bootstrap" ;;
  pids) cat "$dir"/node-*/pid ;;
  topics) topics ;;
  *) usage ;;
esac
