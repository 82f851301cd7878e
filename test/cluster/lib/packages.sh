# shellcheck shell=bash
# Debian packages that the scripts need.

# need_packages PROGRAM:PACKAGE...: installs the packages whose programs are missing, all at once
need_packages() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    die "these Debian packages (or what carries the same programs) are needed and only root can install them: ${missing[*]}"
  fi
  step "packages ${missing[*]}" install_packages "${missing[@]}"
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  # A package that starts its service on installation would leave an engine running that nobody asked for and `down` must not end.
  if [[ -d /run/systemd/system && ! -e /usr/sbin/policy-rc.d ]]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
  fi
  apt-get -o DPkg::Lock::Timeout=120 update
  apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
}
