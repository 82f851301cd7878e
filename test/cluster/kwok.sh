#!/usr/bin/env bash
# Builds kwok, which plays the kubelet for nodes that do not exist, and puts it beside kubectl. Only benchmarks need it.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

take_lock
need_tools kwok kwok
publish "$(tools_of kwok)/kwok"
