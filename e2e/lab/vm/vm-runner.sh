#!/bin/sh
# Runs one VM until it is powered off, and switches it on again when it was reset. Called detached: it outlives whoever
# started it and is found and ended by its cgroup.
# usage: vm-runner.sh <cgroup> <permit file> <folder of the host> <ssh argument>... -- <QEMU and its arguments>
set -u
cgroup=$1 permit=$2 folder=$3
shift 3
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

echo $$ > "$cgroup/cgroup.procs" || exit 75
# The order matters: who cleans up removes the permit and then ends the cgroup, so one of the two stops us.
[ -e "$permit" ] || exit 75
cd "$folder" || exit 75

# One connection for all who enter; it ends with the machine behind it and is made again with the next.
(
  count=0
  for argument; do
    [ "$argument" != -- ] || break
    count=$((count + 1))
    set -- "$@" "$argument"
  done
  shift $(($# - count))
  while :; do
    rm -f door.sock
    ssh "$@" 2> door.log
    sleep 0.2
  done
) &
door=$!
while [ "$1" != -- ]; do shift; done
shift

echo '{"execute":"qmp_capabilities"}' > qmp-hello
while :; do
  "$@" < qmp-hello > qmp.log &
  echo $! > qemu.pid
  code=0
  wait $! || code=$?
  rm -f qemu.pid
  echo "lab: the VM ended with code $code"
  grep -q '"reason": "guest-reset"' qmp.log || break
done
kill "$door"
exit "$code"
