#!/usr/bin/env bash
# Prints what a shell needs to use the cluster: eval "$(test/cluster/env.sh)"
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

need_cluster
cat "$CLUSTER/env"
