#!/bin/sh
# Makes a VM's two disks in its folder: esp.img (GPT, one boot partition) and root.img (ext4 without partitions). Called
# in a private mount namespace. The boot partition is filled as NixOS's installer does it: by the system's own installer.
# usage: make-disks.sh <folder of the host> <lower folders> <toplevel> <MB of the boot partition> <MB of the root>
set -eu
folder=$1 lowers=$2 toplevel=$3 esp_mb=$4 root_mb=$5
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
merged=$folder/merged esp=$folder/esp
mkdir -p "$folder/work" "$merged" "$esp"

mount -t overlay chimera-lab -o "lowerdir=$lowers,upperdir=$folder/upper,workdir=$folder/work" "$merged"
rm -rf "$merged/boot"
mkdir "$merged/boot"
mount --bind "$esp" "$merged/boot"
mount --rbind /dev "$merged/dev"
mount -t proc proc "$merged/proc"
chroot "$merged" "$toplevel/install-bootloader" "$toplevel"
mkdir -p "$esp/EFI/BOOT" "$esp/EFI/systemd"
loader=$merged/usr/lib/systemd/boot/efi/systemd-bootx64.efi
cp "$loader" "$esp/EFI/BOOT/BOOTX64.EFI"
cp "$loader" "$esp/EFI/systemd/systemd-bootx64.efi"
umount --recursive "$merged/dev"
umount "$merged/proc" "$merged/boot"

truncate -s "$((esp_mb + 2))M" "$folder/esp.img"
printf 'label: gpt\nstart=1MiB, size=%sMiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n' "$esp_mb" |
  sfdisk --quiet "$folder/esp.img"
mkfs.vfat -F 32 -s 1 -n CHIMERA-ESP --offset 2048 "$folder/esp.img" "$((esp_mb * 1024))" > "$folder/disks.log" 2>&1
mcopy -s -i "$folder/esp.img@@1M" "$esp"/* ::/

truncate -s "${root_mb}M" "$folder/root.img"
mkfs.ext4 -q -L chimera-root -m 0 -E lazy_itable_init=1,nodiscard -d "$merged" "$folder/root.img" >> "$folder/disks.log"
umount "$merged"
rm -rf "$esp"
