#!/usr/bin/env bash
# Builds kube-network-policies, which makes nodes obey NetworkPolicies, and puts it beside kubectl. The pods' network of our own
# nodes does not know them.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

take_lock
need_tools kube-network-policies kube-network-policies
publish "$(tools_of kube-network-policies)/kube-network-policies"
