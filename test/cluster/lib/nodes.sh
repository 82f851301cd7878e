# shellcheck shell=bash
# The cluster: two nodes by kind, and whether they are well.

NAME=stint
NODES=2
export KUBECONFIG=$CLUSTER/kubeconfig
AUDIT_LOG=$CLUSTER/audit/audit.log

node_names() { docker ps --all --filter "label=io.x-k8s.kind.cluster=$NAME" --format '{{.Names}}' "$@"; }

need_cluster() { [[ -f $CLUSTER/env ]] || die "there is none; test/cluster/up.sh makes one"; }

# What a cluster is made from, apart from the programs.
cluster_key() { key "$HERE/lib/nodes.sh" "$HERE/audit-policy.yaml" "$HERE"/node/*; }

# All nodes' containers run and the API server calls all nodes Ready.
cluster_is_well() {
  [[ $(node_names --filter status=running 2>/dev/null | wc -l) == "$NODES" ]] || return 1
  [[ $(ready_nodes) == "$NODES" ]]
}

ready_nodes() {
  kubectl get nodes --request-timeout=5s -o jsonpath='{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' 2>/dev/null | grep -c True
}

create_cluster() {
  rm -rf "$CLUSTER"
  mkdir -p "$CLUSTER/audit"
  cp "$HERE/audit-policy.yaml" "$CLUSTER/"
  # The API server makes its log readable by root alone, but leaves the mode of one that is there.
  : >"$AUDIT_LOG"
  kind_config >"$CLUSTER/kind.yaml"
  docker network inspect kind >/dev/null 2>&1 || touch "$CLUSTER/network-is-ours"
  kind create cluster --config "$CLUSTER/kind.yaml" --kubeconfig "$KUBECONFIG" --wait 0s
  [[ -z $BUILT ]] || connect_pods
  kubectl wait --for=condition=Ready node --all --timeout=120s
  # A node is Ready before its kube-proxy runs, and until then no pod on it reaches a Service.
  kubectl wait --for=condition=Ready pod --all --namespace kube-system --timeout=120s
  # Two nodes on which pods may run is what the tests want, and a third only for the control plane costs too much.
  kubectl taint nodes "$NAME-control-plane" node-role.kubernetes.io/control-plane-
}

# Timings of the controller manager, the scheduler and the kubelets are Kubernetes' defaults, because tests measure them.
kind_config() {
  cat <<YAML
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: $NAME
networking: {ipFamily: ipv4, podSubnet: 10.244.0.0/16, disableDefaultCNI: $([[ -n $BUILT ]] && echo true || echo false)}
nodes:
  - role: control-plane
    image: $IMAGE
    extraMounts:
      - {hostPath: $CLUSTER/audit-policy.yaml, containerPath: /etc/kubernetes/audit-policy.yaml, readOnly: true}
      - {hostPath: $CLUSTER/audit, containerPath: /var/log/kubernetes/audit}
  - role: worker
    image: $IMAGE
kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    etcd: {local: {extraArgs: {unsafe-no-fsync: "true"}}}
    apiServer:
      extraArgs:
        audit-policy-file: /etc/kubernetes/audit-policy.yaml
        audit-log-path: /var/log/kubernetes/audit/audit.log
        audit-log-maxsize: "2000"
      extraVolumes:
        - {name: audit-policy, hostPath: /etc/kubernetes/audit-policy.yaml, mountPath: /etc/kubernetes/audit-policy.yaml, readOnly: true, pathType: File}
        - {name: audit-log, hostPath: /var/log/kubernetes/audit, mountPath: /var/log/kubernetes/audit, pathType: Directory}
YAML
  [[ -z $BUILT ]] || cat <<YAML
  - |
    kind: ClusterConfiguration
    imageRepository: localhost/k8s
  - |
    kind: InitConfiguration
    skipPhases: [preflight, addon/coredns]
YAML
}

connect_pods() {
  local nodes node
  nodes=$(node_names)
  for node in $nodes; do
    kubectl wait --for=jsonpath='{.spec.podCIDR}' "node/$node" --timeout=60s >&2
    echo "$node $(kubectl get node "$node" -o jsonpath='{.spec.podCIDR}')"
  done >"$CLUSTER/pod-network"
  for node in $nodes; do
    docker exec --interactive "$node" tee /etc/pod-network <"$CLUSTER/pod-network" >/dev/null
    docker exec "$node" systemctl start pod-network
  done
}

delete_cluster() {
  # shellcheck disable=SC2046 # names are words
  docker rm --force --volumes $(node_names)
  [[ ! -f $CLUSTER/network-is-ours ]] || docker network rm kind
  rm -rf "$CLUSTER"
}

# An image that every node has, with a shell: for a test that needs some pod.
test_image() {
  if [[ -n $BUILT ]]; then echo "localhost/k8s/kube-proxy:$KUBERNETES"; else echo busybox:1.36; fi
}

write_env() {
  {
    printf 'export KUBECONFIG=%q\n' "$KUBECONFIG"
    [[ -z ${DOCKER_HOST:-} ]] || printf 'export DOCKER_HOST=%q\n' "$DOCKER_HOST"
    printf 'export STINT_CLUSTER=%q\n' "$NAME"
    printf 'export STINT_AUDIT_LOG=%q\n' "$AUDIT_LOG"
    printf 'export STINT_TEST_IMAGE=%q\n' "$(test_image)"
    # shellcheck disable=SC2016 # the reader's PATH
    printf 'export PATH=%q:"$PATH"\n' "$CACHE/bin"
  } >"$CLUSTER/env"
  cluster_key >"$CLUSTER/key"
}
