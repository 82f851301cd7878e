#!/usr/bin/env bash
# Builds one of our images and writes it to an archive: image.sh NAME:TAG ARCHIVE.tar CONTEXT DOCKERFILE
#
# With docker where an engine answers, else with buildah. The base is the one of the Dockerfile's line `ARG BASE=` where it
# can be pulled, else a Node made from this machine's files; BASE in the environment names another.
set -euo pipefail

(($# == 4)) || {
  echo "usage: image.sh NAME:TAG ARCHIVE.tar CONTEXT DOCKERFILE" >&2
  exit 1
}
name=$1 archive=$2 context=$3 dockerfile=$4
base_folder=$(dirname "${BASH_SOURCE[0]}")/base
buildah=(buildah --storage-driver vfs)

say() { printf 'image %s: %s\n' "$name" "$*" >&2; }

# Runs a command whose output matters only if it fails.
quietly() {
  local output
  output=$("$@" 2>&1) || {
    printf '%s\n' "$output" >&2
    return 1
  }
}

install_buildah() {
  quietly apt-get update && quietly apt-get install --yes --no-install-recommends buildah
}

choose_tool() {
  if docker version >/dev/null 2>&1; then
    tool=docker
    return
  fi
  tool=buildah
  command -v buildah >/dev/null && return
  say "no docker engine answers; installing buildah"
  if ((EUID != 0)) || ! install_buildah; then
    say "needs a docker engine, or buildah, which root can install with apt-get"
    exit 1
  fi
}

has_image() {
  case $tool in
    docker) docker image inspect "$1" ;;
    buildah) "${buildah[@]}" inspect --type image "$1" ;;
  esac >/dev/null 2>&1
}

# A registry that swallows packets would hold us for minutes.
pull_image() {
  case $tool in
    docker) timeout 60 docker pull "$1" ;;
    buildah) timeout 60 "${buildah[@]}" pull "$1" ;;
  esac >/dev/null 2>&1
}

# build_image NAME CONTEXT DOCKERFILE [ARGUMENT]
build_image() {
  local argument=(${4:+--build-arg "$4"})
  case $tool in
    # The builder of old: it needs no plugin, and engines without one are common.
    docker) quietly env DOCKER_BUILDKIT=0 docker build "${argument[@]}" --tag "$1" --file "$3" "$2" ;;
    buildah) quietly "${buildah[@]}" bud --isolation chroot "${argument[@]}" --tag "$1" --file "$3" "$2" ;;
  esac
}

save_image() {
  case $tool in
    docker) quietly docker save --output "$archive" "$name" ;;
    buildah) quietly "${buildah[@]}" push "$name" "docker-archive:$archive:$name" ;;
  esac
}

# Named by what it is made of, so that it is made once.
local_base() {
  local version digest
  version=$("$base_folder/../../node_modules/node/bin/node" --version)
  digest=$(cat "$base_folder"/{Dockerfile,build-base.sh} | sha256sum | cut -c 1-8)
  base=localhost/stint/node:${version#v}-$digest
  has_image "$base" && return
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  "$base_folder/build-base.sh" "$root"
  build_image "$base" "$root" "$base_folder/Dockerfile"
}

choose_base() {
  base=${BASE:-$(sed -n 's/^ARG BASE=//p' "$dockerfile")}
  if has_image "$base" || pull_image "$base"; then return; fi
  [[ -z ${BASE:-} ]] || { say "cannot pull $BASE" && exit 1; }
  local wanted=$base
  local_base
  say "cannot pull $wanted; built on $base instead"
}

choose_tool
choose_base
build_image "$name" "$context" "$dockerfile" "BASE=$base"
mkdir -p "$(dirname "$archive")"
rm -f "$archive" # neither tool writes over an archive
save_image
say "$(du -m "$archive" | cut -f 1) MB in $archive, by $tool"
