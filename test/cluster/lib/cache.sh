# shellcheck shell=bash
# Where everything lives. Nothing is kept in the checkout, so two clones on one machine share tools, engine and cluster.
#
#   C1. What takes long to make is named by a hash of what it is made from. Whatever exists under its name is whole:
#       it is made under another name and moved at the end.
#   C2. One `up` or `down` at a time: both hold the lock.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/stint
LOGS=$CACHE/logs
TOOLS=$CACHE/tools          # NAME-KEY/: programs
ENGINE=$CACHE/engine        # the private Docker engine: images, containers
CLUSTER=$CACHE/cluster      # what belongs to the running cluster: kubeconfig, audit log, env
export PATH=$CACHE/bin:$PATH

# key FILE|TEXT...: a short hash of the files' contents and the texts
key() {
  local part
  for part in "$@"; do
    if [[ -f $part ]]; then cat "$part"; else printf '%s\n' "$part"; fi
  done | sha256sum | cut -c1-12
}

take_lock() {
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock"
  flock --nonblock 9 && return
  say "waiting for another up or down on this machine"
  flock 9
}

purge_cache() {
  # A mount below the folder would take what is mounted there with it.
  ! grep -qF " $ENGINE/" /proc/self/mounts || die "there are still mounts below $ENGINE"
  rm -rf "$TOOLS" "$ENGINE" "$CLUSTER" "$LOGS" "$CACHE/bin" "$CACHE"/build.*
}
