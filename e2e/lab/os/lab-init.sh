#!/bin/sh
# The first process of a lab machine: what boot loader and initrd do elsewhere. Installed as /sbin/lab-init.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

fail() {
  echo "lab-init: $1" >&2
  exit 70
}

# Sets toplevel where a loader entry is to be booted once. It is forgotten first, and durably: one that cannot boot would
# be tried for ever.
take_oneshot() {
  toplevel=
  [ -e /boot/loader/oneshot ] || return 0
  read -r entry < /boot/loader/oneshot || true
  rm -f /boot/loader/oneshot
  sync /boot/loader
  case $entry in
    '' | */*) ;;
    *) toplevel=$(sed -n 's/^options .*init=\([^ ]*\)\/init\( .*\)\{0,1\}$/\1/p' "/boot/loader/entries/$entry" || true) ;;
  esac
  if [ -n "$toplevel" ] && [ -x "$toplevel/init" ]; then
    echo "lab-init: booting $entry once"
  else
    echo "lab-init: $entry was to be booted once, and cannot boot" >&2
    toplevel=
  fi
}

take_default() {
  if [ -s /boot/default ]; then
    read -r toplevel < /boot/default || true
  fi
  if [ -z "$toplevel" ] || [ ! -x "$toplevel/init" ]; then
    [ -z "$toplevel" ] || echo "lab-init: /boot/default names $toplevel, which cannot boot" >&2
    toplevel=$(readlink -f /nix/var/nix/profiles/system || true)
  fi
}

# NixOS has a read-only store; Nix makes it writable for itself in a mount namespace of its own.
if ! grep -q ' /nix/store ' /proc/self/mounts; then
  mount --bind /nix/store /nix/store
  mount -o remount,bind,ro /nix/store
fi

take_oneshot
[ -n "$toplevel" ] || take_default
[ -n "$toplevel" ] && [ -x "$toplevel/init" ] || fail "no bootable system: neither /boot/default nor the system profile names one"

if [ ! -e /etc/NIXOS ]; then
  # A whole-directory entry of the closure: Debian's directory of that name would be in its way for ever.
  rm -rf /etc/systemd/system
fi

exec "$toplevel/init"
