# shellcheck shell=bash
# The node image: kind's own where it can be had; else one that is built here and stays in the engine.

KIND_IMAGE=kindest/node:v1.34.3@sha256:08497ee19eace7b4b5348db5c6a1591d7752b164530a36f855cb0f2bdcbadd48

built_image() {
  echo "localhost/stint/kind-node:$KUBERNETES-$(key "$HERE"/node/* "$(tools_of kubernetes)" "$(tools_of kindtool)")"
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# Sets IMAGE, and BUILT when the image is not kind's.
choose_image() {
  BUILT=yes
  IMAGE=$(built_image)
  if has_image "$KIND_IMAGE"; then
    BUILT='' IMAGE=$KIND_IMAGE
    say "node image: kind's own, present"
  elif has_image "$IMAGE"; then
    say "node image: ours, built before"
  elif pull_kind_image; then
    BUILT='' IMAGE=$KIND_IMAGE
    say "node image: kind's own, pulled"
  else
    say "node image: ours, because kind's cannot be pulled (${PULL_ERROR:-no answer})"
    need_tools kubernetes Kubernetes
    need_packages mmdebstrap:mmdebstrap
    need_debian
    step "node image" build_image
    remove_superseded
  fi
}

pull_kind_image() {
  PULL_ERROR=$(timeout 600 docker pull --quiet "$KIND_IMAGE" 2>&1 >/dev/null) && return
  PULL_ERROR=${PULL_ERROR##*: }
  return 1
}

# Each change of the node's files makes another image of 1.5 GB. One that a container still uses stays.
remove_superseded() {
  local image
  docker image ls --format '{{.Repository}}:{{.Tag}}' localhost/stint/kind-node | while read -r image; do
    [[ $image == "$IMAGE" ]] || docker image rm "$image" >/dev/null 2>&1 || true
  done
}

# What was built in an engine that is not ours. Our own engine's images go with its folder.
remove_images() {
  local images
  images=$(docker image ls --quiet --filter 'reference=localhost/stint/*' --filter 'reference=localhost/k8s/*' | sort -u)
  # shellcheck disable=SC2086 # identifiers are words
  [[ -z $images ]] || docker image rm --force $images >/dev/null
}
