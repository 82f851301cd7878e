#!/usr/bin/env bash
# Whether the cluster can do what the tests take for granted: a pod on each node; from each of them the API server's service
# address, every other pod and a Service over both; and an audit log that says who asked.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

NAMESPACE=stint-check

# A server that answers each connection with its pod's node. The image is Debian's or busybox.
start_pods() {
  # shellcheck disable=SC2153 # set by env
  kubectl apply -f - <<YAML
apiVersion: v1
kind: Namespace
metadata: {name: $NAMESPACE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: echo, namespace: $NAMESPACE}
spec:
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: echo
          image: $STINT_TEST_IMAGE
          imagePullPolicy: IfNotPresent
          env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
          command: [sh, -c, "if command -v socat; then exec socat TCP-LISTEN:8080,fork,reuseaddr EXEC:'printenv NODE'; else exec nc -lk -p 8080 -e printenv NODE; fi"]
---
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: $NAMESPACE}
spec: {selector: {app: echo}, ports: [{port: 80, targetPort: 8080}]}
YAML
  kubectl --namespace "$NAMESPACE" rollout status daemonset/echo --timeout=60s
}

in_pod() { kubectl --namespace "$NAMESPACE" exec "$1" -- sh -c "$2"; }

# answer POD HOST PORT: what the server there says to that pod
answer() { in_pod "$1" "if command -v socat >/dev/null; then socat -T3 - TCP:$2:$3,connect-timeout=3 </dev/null; else nc -w 3 $2 $3 </dev/null; fi"; }

check_pods() {
  local pods pod node address service answers
  pods=$(kubectl --namespace "$NAMESPACE" get pods -o jsonpath='{range .items[*]}{.metadata.name} {.spec.nodeName} {.status.podIP}{"\n"}{end}')
  [[ $(awk '{print $2}' <<<"$pods" | sort -u | wc -l) == "$NODES" ]]
  service=$(kubectl --namespace "$NAMESPACE" get service echo -o jsonpath='{.spec.clusterIP}')
  # shellcheck disable=SC2013 # names are words
  for pod in $(awk '{print $1}' <<<"$pods"); do
    while read -r _ node address; do
      echo "$pod → pod on $node: $(answer "$pod" "$address" 8080 | grep -xF "$node")"
    done <<<"$pods"
    # A Service's rules follow a moment after its pods are Ready.
    for _ in {1..20}; do ! answer "$pod" "$service" 80 || break; done
    answers=$(for _ in {1..20}; do answer "$pod" "$service" 80 || echo refused; done | sort | uniq -c)
    echo "$pod → Service: ${answers//$'\n'/,}"
    [[ $answers != *refused* ]] && (($(wc -l <<<"$answers") == NODES))
    in_pod "$pod" "$ASK_API_SERVER" | grep '"code": *403\|403 Forbidden'
  done
}

# As the pod's ServiceAccount, which may not. The answer comes from the API server all the same, and goes to the audit log.
# shellcheck disable=SC2016 # the pod's variables
ASK_API_SERVER='
  url=https://$KUBERNETES_SERVICE_HOST/api/v1/namespaces/'$NAMESPACE'/pods
  token="Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"
  if command -v curl >/dev/null; then curl --silent --insecure --max-time 5 --user-agent stint-check --header "$token" "$url"
  else wget -q -O - -T 5 -U stint-check --no-check-certificate --header "$token" "$url" 2>&1 || true; fi'

check_audit_log() {
  jq --raw-output --slurp --arg user "system:serviceaccount:$NAMESPACE:default" --argjson nodes "$NODES" '
    map(select(.user.username == $user and .userAgent == "stint-check" and .verb == "list" and .responseStatus.code == 403))
    | "audit log: \(length) refused lists by \($user)", if length >= $nodes then empty else error("too few") end' "$STINT_AUDIT_LOG"
}

need_cluster
# shellcheck source=/dev/null
source "$CLUSTER/env"
need_packages jq:jq
trap 'kubectl delete namespace "$NAMESPACE" --ignore-not-found --wait=false >/dev/null' EXIT
step "a pod on each node" start_pods
step "pods reach each other, the Service and the API server" check_pods
step "audit log" check_audit_log
