#!/bin/sh
# The first process of a lab VM: finds its disks and becomes the system that the kernel's command line names in init=.
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys

fail() {
  # With the highest priority, which `quiet` does not hide.
  echo "<0>lab initrd: $1" > /dev/kmsg
  exit 1
}

init=
for word in $(cat /proc/cmdline); do
  case $word in
    init=*) init=${word#init=} ;;
    lab.panic) fail "lab fault: the kernel panics now" ;;
  esac
done

while read -r module; do
  insmod "/modules/$module" || fail "cannot load $module"
done < /modules/order

# The devices' names depend on nothing but the kernel's mood: labels do not.
byLabel() {
  tries=0
  until device=$(findfs "LABEL=$1" 2> /dev/null); do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || fail "no file system is named $1"
    usleep 50000
  done
  echo "$device"
}
mount -t ext4 "$(byLabel chimera-root)" /root || fail "cannot mount the root"
mount -t vfat -o umask=0077 "$(byLabel CHIMERA-ESP)" /root/boot || fail "cannot mount the boot partition"
mount -t tmpfs -o mode=0755,nosuid,nodev run /root/run
mount --bind /root/nix/store /root/nix/store
mount -o remount,bind,ro /root/nix/store

# By their place on the bus: the lab's network, and the door by which the lab enters.
name() {
  for found in "/sys/bus/pci/devices/0000:00:$1.0/"*/net/*; do
    [ -e "$found" ] && ip link set dev "${found##*/}" name "$2"
  done
}
name 04 host0
name 05 lab0
ip addr add 10.0.2.15/24 dev lab0
ip link set dev lab0 up

[ -n "$init" ] && [ -x "/root$init" ] || fail "no system is there that could boot: init=$init"
# As lab-init does: Debian's directory of this name would be in the closure's way for ever.
[ -e /root/etc/NIXOS ] || rm -rf /root/etc/systemd/system

for folder in dev proc sys; do mount --move "/$folder" "/root/$folder"; done
exec switch_root -c /dev/console /root "$init"
