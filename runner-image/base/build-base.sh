#!/usr/bin/env bash
# Makes the root of a Node 24 image out of what this machine has: build-base.sh DIRECTORY
#
# The program is the one that `npm ci` has brought. With it go the loader and the libraries that it names, the certificates
# of public authorities where there are any, a user without rights, and /tmp.
set -euo pipefail

root=${1:?usage: build-base.sh DIRECTORY}
node=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../node_modules/node/bin/node")
certificates=/etc/ssl/certs/ca-certificates.crt

rm -rf "$root"
install -D -m 755 "$node" "$root/nodejs/bin/node"

# Lines such as `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)` and `/lib64/ld-linux-x86-64.so.2 (0x…)`.
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  install -D -m 755 "$library" "$root$library"
done

install -d -m 755 "$root/etc" "$root/home/nonroot"
install -d -m 1777 "$root/tmp"
echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$root/etc/passwd"
echo 'nonroot:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
if [[ -f $certificates ]]; then
  install -D -m 644 "$certificates" "$root$certificates"
fi
