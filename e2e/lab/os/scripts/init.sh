#!/bin/sh
# The second stage of booting: becomes systemd. Executed by lab-init as the machine's first process.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
@fault@
mkdir -p /nix/var/nix/gcroots
ln -sfn @out@ /run/booted-system
ln -sfn /run/booted-system /nix/var/nix/gcroots/booted-system
# As on NixOS a failing activation does not keep the machine from booting: it could not be mended otherwise.
@out@/activate || echo "activation of @out@ failed ($?)" >&2
exec /usr/lib/systemd/systemd "$@"
