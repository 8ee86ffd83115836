#!/bin/sh
# Runs a program of the lab's root filesystem on this machine: its /usr and /etc, a /nix of our own, and all other
# folders of the machine. Called in a private mount namespace, so that no mount is seen by anybody else.
# usage: tool-root.sh <root filesystem> <folder for /nix> <empty folder> <home> <cwd> [--bind FROM TO]... -- program [argument]...
set -eu
rootfs=$1 nix=$2 root=$3 home=$4 cwd=$5
shift 5
[ "$cwd" != . ] || cwd=$(pwd)

mount -t tmpfs -o mode=0755,size=1m chimera-tool-root "$root"
for entry in /*; do
  name=${entry#/}
  case $name in
    usr | etc | nix) continue ;;
  esac
  if [ -L "$entry" ]; then
    cp -P "$entry" "$root/$name"
  elif [ -d "$entry" ]; then
    mkdir "$root/$name"
    mount --rbind "$entry" "$root/$name"
  fi
done
mkdir "$root/usr" "$root/etc" "$root/nix"
mount --bind -o ro "$rootfs/usr" "$root/usr"
mount --bind -o ro "$rootfs/etc" "$root/etc"
mount --bind "$nix" "$root/nix"

while [ "$1" = --bind ]; do
  if [ -d "$2" ]; then mkdir -p "$root$3"; else : >> "$root$3"; fi
  mount --bind "$2" "$root$3"
  shift 3
done
shift

# Nix keeps caches and settings in the home folder: not in that of whoever runs this.
export HOME="$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME LD_LIBRARY_PATH
exec chroot "$root" /usr/bin/env -C "$cwd" "$@"
