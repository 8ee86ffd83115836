#!/bin/sh
# Runs one lab host until it is powered off, and boots it again when it asks for a reboot. Called in a private mount
# namespace, detached: it outlives whoever started it and is found and ended by its cgroup.
# usage: host-runner.sh <cgroup> <permit file> <folder of the host> <lower folders> <nspawn argument>...
set -eu
cgroup=$1 permit=$2 folder=$3 lowers=$4
shift 4

echo $$ > "$cgroup/cgroup.procs"
# The order matters: who cleans up removes the permit and then ends the cgroup, so one of the two stops us.
[ -e "$permit" ] || exit 75

mount -t overlay chimera-lab -o "lowerdir=$lowers,upperdir=$folder/upper,workdir=$folder/work" "$folder/merged"

while :; do
  # A system boots itself once it has one; before that the host is plain Debian.
  init=/usr/lib/systemd/systemd
  if [ -s "$folder/merged/boot/default" ] || [ -L "$folder/merged/nix/var/nix/profiles/system" ]; then
    init=/sbin/lab-init
  fi
  code=0
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --directory="$folder/merged" --register=no --keep-unit \
    --kill-signal=SIGRTMIN+3 --console=pipe --settings=no --resolv-conf=off --timezone=off --link-journal=no \
    "$@" "$init" || code=$?
  echo "lab: the host ended with code $code"
  # A new systemd shall not find the groups of the one before.
  find "$cgroup" -mindepth 1 -depth -type d -exec rmdir {} + || true
  [ "$code" = 133 ] || exit "$code"
done
