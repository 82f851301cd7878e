# shellcheck shell=bash
# The Docker engine: the user's, where one answers; else one of our own.
#
#   E1. Our own engine shares nothing with a system's: its images, sockets and process id live in its own folder.
#   E2. It is ended by its recorded process id, after a look that the id is still its own.
#   E3. What it changes in the machine's network is written down before it starts and taken back after it ends.

# A socket's path may have 107 characters, and containerd adds up to 34 to the folder's.
engine_run() {
  if ((${#ENGINE} <= 70)); then echo "$ENGINE"; else echo "/run/stint-$(key "$ENGINE")"; fi
}

private_host() { echo "unix://$(engine_run)/docker.sock"; }

answers() { timeout 20 docker info >/dev/null 2>&1; }

choose_engine() {
  # A shell that has loaded env.sh carries our own engine's address. Whether there is another must be asked without it.
  [[ ${DOCKER_HOST:-} == "$(private_host)" ]] && unset DOCKER_HOST
  if [[ -z $(engine_pid) ]] && command -v docker >/dev/null && answers; then
    PRIVATE=
    say "engine: the Docker engine that answers here${DOCKER_HOST:+ ($DOCKER_HOST)}"
    return
  fi
  PRIVATE=yes
  if [[ -n $(engine_pid) ]]; then
    say "engine: our own, which is running"
  else
    say "engine: our own, because no Docker engine answers"
    ((EUID == 0)) || die "only root can start a Docker engine: start Docker, or run this as root"
    need_packages dockerd:docker.io iptables:iptables jq:jq mmdebstrap:mmdebstrap
    step "engine" start_engine
  fi
  DOCKER_HOST=$(private_host)
  export DOCKER_HOST
}

# The engine of the cluster that is there, for whoever does not make a new one. The file network-before stays for as long as
# our own engine has not been taken down in order, whether it still runs or not.
use_engine_of_cluster() {
  # shellcheck source=/dev/null
  [[ ! -f $CLUSTER/env ]] || source "$CLUSTER/env"
  PRIVATE=
  [[ -f $ENGINE/network-before ]] || return 0
  PRIVATE=yes
  export DOCKER_HOST
  DOCKER_HOST=$(private_host)
}

# The id of our engine's process, or nothing.
engine_pid() { own_process "$(engine_run)/dockerd.pid" "$ENGINE/data"; }

# own_process FILE ARGUMENT: the id in that file, if it is a process that was started with that argument. After a restart of the
# machine the id may be anybody's, and a dead process that nobody has waited for still answers to its id.
own_process() {
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 0
  ! tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -e "$2" || echo "$pid"
}

start_engine() {
  local run options=()
  run=$(engine_run)
  mkdir -p "$ENGINE" "$run"
  end_leftovers
  [[ -f $ENGINE/network-before ]] || network_settings >"$ENGINE/network-before"
  if ! may_grant_sys_resource; then
    install -m 755 "$HERE/engine/runc" "$ENGINE/runc"
    options=(--add-runtime "modest=$ENGINE/runc" --default-runtime modest)
  fi
  setsid dockerd --data-root "$ENGINE/data" --exec-root "$run/exec" --pidfile "$run/dockerd.pid" \
    --host "$(private_host)" "${options[@]}" >"$LOGS/dockerd.log" 2>&1 </dev/null &
  for _ in {1..150}; do
    DOCKER_HOST=$(private_host) answers && return
    sleep 0.2
  done
  tail -n 20 "$LOGS/dockerd.log"
  return 1
}

# A killed engine leaves its containerd's id behind, and the next one would wait for that process to answer until it gives up.
# The containers, which live on, are then found and ended by the new engine itself.
end_leftovers() {
  local folder pid
  folder=$(engine_run)/exec/containerd
  pid=$(own_process "$folder/containerd.pid" "$folder/containerd.toml")
  [[ -z $pid ]] || kill -KILL "$pid"
  rm -f "$folder/containerd.pid" "$(engine_run)/dockerd.pid"
}

# Bit 24 of the bounding set, CAP_SYS_RESOURCE. A host that lacks it cannot start a privileged container as it stands.
may_grant_sys_resource() {
  local bounding
  bounding=$(awk '$1 == "CapBnd:" {print $2}' /proc/self/status)
  ((0x$bounding >> 24 & 1))
}

stop_engine() {
  docker network rm kind || true
  kill "$(engine_pid)"
  for _ in {1..300}; do
    [[ -n $(engine_pid) ]] || break
    sleep 0.2
  done
  [[ -z $(engine_pid) ]] || die "the engine (process $(engine_pid)) does not end; its log: $LOGS/dockerd.log"
  restore_network
  unmount_below "$ENGINE" "$(engine_run)"
  # dockerd removes its containers' control groups, but not the one around them.
  rmdir /sys/fs/cgroup/docker /sys/fs/cgroup/*/docker || true
  rm -rf "$(engine_run)/exec"
  [[ $(engine_run) == "$ENGINE" ]] || rmdir "$(engine_run)"
}

# What an engine that was killed has mounted stays mounted.
unmount_below() {
  local folder mounts
  for folder in "$@"; do
    mounts=$(awk -v below="$folder/" 'index($2, below) == 1 {print $2}' /proc/self/mounts | sort -r)
    # shellcheck disable=SC2086 # paths are words
    [[ -z $mounts ]] || umount $mounts
  done
}

network_settings() {
  echo "forward $(cat /proc/sys/net/ipv4/ip_forward)"
  echo "policy $(iptables -S FORWARD | awk '$1 == "-P" {print $3}')"
}

# dockerd leaves its bridge and its chains behind.
restore_network() {
  local table rule chain forward policy
  ! ip link show docker0 >/dev/null 2>&1 || ip link delete docker0
  for table in filter nat; do
    iptables -t $table -S | grep -E '^-A .*(DOCKER|docker0)' | while read -r _ rule; do
      # shellcheck disable=SC2086 # a rule is many words
      iptables -t $table -D $rule
    done || true
    for chain in $(iptables -t $table -S | awk '$1 == "-N" && $2 ~ /^DOCKER/ {print $2}'); do
      iptables -t $table -X "$chain"
    done
  done
  forward=$(awk '$1 == "forward" {print $2}' "$ENGINE/network-before")
  policy=$(awk '$1 == "policy" {print $2}' "$ENGINE/network-before")
  iptables -P FORWARD "$policy"
  echo "$forward" >/proc/sys/net/ipv4/ip_forward
  rm "$ENGINE/network-before"
}
