#!/usr/bin/env bash
# Loads images into all nodes: load-image.sh ARCHIVE.tar [...], each an OCI archive or what `docker save` writes.
# Such images have no digest in any repository: refer to them by tag, with imagePullPolicy IfNotPresent.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

(($#)) || die "usage: load-image.sh ARCHIVE.tar [...]"
need_cluster
use_engine_of_cluster
for archive in "$@"; do
  step "image ${archive##*/}" kind load image-archive "$archive" --name "$NAME"
done
