#!/usr/bin/env bash
# Takes down the cluster, and the Docker engine where it is our own. What was built stays for the next time.
# With --purge it goes too: programs, images and the engine's folder.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

case ${1:-} in
  "") purge= ;;
  --purge) purge=yes ;;
  *) die "usage: down.sh [--purge]" ;;
esac

begin=$EPOCHREALTIME
take_lock
use_engine_of_cluster

# An engine that was killed has left containers' processes, chains and a bridge behind, and knows best how to take them away.
if [[ -n $PRIVATE && -z $(engine_pid) ]]; then
  step "engine, to clean up after itself" start_engine
fi
nodes=$(node_names 2>/dev/null || true)
if [[ -z $nodes$PRIVATE$purge ]]; then
  say "nothing is up"
  exit
fi
if [[ -n $nodes ]]; then
  step "deletion of the nodes" delete_cluster
fi
[[ -z $purge || -n $PRIVATE ]] || remove_images
if [[ -n $PRIVATE ]]; then
  step "end of the engine" stop_engine
fi
[[ -z $purge ]] || purge_cache
say "down after $(tenths_since "$begin") s${purge:+, and nothing is kept}"
