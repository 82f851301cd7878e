#!/usr/bin/env bash
# Brings up the cluster that the end-to-end tests run on, from whatever this machine has: README.md says what is chosen when.
# A cluster that is up and well is left alone; one that is not (the machine was restarted, say) is made anew.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

(($# == 0)) || die "usage: up.sh"
begin=$EPOCHREALTIME
hint="to use it: eval \"\$($HERE/env.sh)\""
take_lock
if [[ -f $CLUSTER/env ]] && (use_engine_of_cluster && cluster_is_well); then
  say "up already; $hint"
  [[ $(cat "$CLUSTER/key" 2>/dev/null) == "$(cluster_key)" ]] || say "another version of test/cluster has made it; if that matters, take it down first"
  exit
fi

choose_engine
need_kubectl
need_kind
choose_image
if [[ -n $(node_names) ]]; then
  say "there is a cluster that is not well: it is made anew"
  step "deletion of the nodes" delete_cluster
fi
step "two nodes" create_cluster
write_env
say "up after $(tenths_since "$begin") s; $hint"
