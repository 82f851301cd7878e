# shellcheck shell=bash
# Builds the node image from Debian packages, the kind module's node files and Kubernetes' programs. Its hash is part of the
# image's name, so what decides whether to build is elsewhere, in lib/image.sh.

DEBIAN_PACKAGES=systemd,systemd-sysv,dbus,containerd,runc,iptables,nftables,iproute2,conntrack,ethtool,socat,kmod,mount,procps,util-linux,ca-certificates,curl,jq,hostname,libseccomp2,pigz,catatonit

# Debian's Docker 20.10 has no BuildKit of its own, which newer clients take for granted.
export DOCKER_BUILDKIT=0

debian_image() { echo "localhost/stint/debian:$(key "$DEBIAN_PACKAGES")"; }

need_debian() { has_image "$(debian_image)" || step "Debian root" build_debian; }

build_debian() {
  local work
  work=$(work_folder)
  mmdebstrap --variant=minbase --include="$DEBIAN_PACKAGES" bookworm "$work/root.tar"
  docker import "$work/root.tar" "$(debian_image)"
  rm -r "$work"
}

work_folder() { mktemp -d "$CACHE/build.XXXXXX"; }

build_image() {
  local work programs kind container
  work=$(work_folder)
  programs=$(tools_of kubernetes)
  kind=$(kind_source)
  cd "$work"

  build_control_plane images.tar
  mkdir -p node/kubernetes node/cni
  cp "$HERE"/node/* node/
  cp "$programs"/{kubeadm,kubelet,kubectl} node/kubernetes/
  cp "$programs"/{bridge,host-local,loopback,portmap} node/cni/
  cp -r --no-preserve=mode "$kind/images/base/files" node/files
  docker build --tag "$(built_image)-empty" --build-arg "DEBIAN=$(debian_image)" --build-arg "KUBERNETES=$KUBERNETES" node

  # Only a running containerd can fill its store, and the store has to be in the image: the nodes cannot pull.
  container=$(docker run --detach --privileged --network none --entrypoint sleep "$(built_image)-empty" infinity)
  docker cp images.tar "$container:/images.tar"
  docker exec "$container" bash -euc "$(declare -f fill_store); fill_store"
  docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' --change 'CMD []' "$container" "$(built_image)"
  docker rm --force "$container"
  docker image rm "$(built_image)-empty"
  rm -rf "$work"
}

kind_source() {
  in_module kindtool go mod download sigs.k8s.io/kind
  in_module kindtool go list -m -f '{{.Dir}}' sigs.k8s.io/kind
}

# build_control_plane ARCHIVE: the images that kubeadm will ask for, and the pause image
build_control_plane() {
  local program images=()
  for program in kube-apiserver kube-controller-manager kube-scheduler etcd; do
    image_with "$program" "FROM scratch" "ENV PATH=/usr/local/bin"
  done
  image_with kube-proxy "FROM $(debian_image)"
  mkdir pause
  printf 'FROM %s AS debian\nFROM scratch\nCOPY --from=debian /usr/bin/catatonit /pause\nENTRYPOINT ["/pause", "-P"]\n' "$(debian_image)" >pause/Dockerfile
  docker build --tag localhost/k8s/pause:1 pause
  images+=(localhost/k8s/pause:1)
  docker save --output "$1" "${images[@]}"
}

# image_with PROGRAM LINE...: an image of that Dockerfile start and the program, under the name that kubeadm has for it
image_with() {
  local program=$1 name
  shift
  name=$("$programs/kubeadm" config images list --kubernetes-version "$KUBERNETES" --image-repository localhost/k8s | grep "/$program:")
  mkdir -p "$program/usr/local/bin"
  cp "$programs/$program" "$program/usr/local/bin/"
  printf '%s\n' "$@" "COPY usr/ /usr/" >"$program/Dockerfile"
  docker build --tag "$name" "$program"
  images+=("$name")
}

# Runs inside the node. The runtime specification that pods start from is kind's: without limits on open files, with a hook.
fill_store() {
  ctr oci spec |
    jq '.hooks.createContainer += [{path: "/kind/bin/mount-product-files.sh"}]
      | del(.process.rlimits)
      | .process.capabilities |= map_values(map(select(. != "CAP_SYS_RESOURCE")))' >/etc/containerd/cri-base.json
  containerd >/dev/null 2>&1 &
  until ctr version >/dev/null 2>&1; do sleep 0.2; done
  ctr --namespace k8s.io images import --no-unpack /images.tar
  kill $!
  wait || true
  rm /images.tar
}
