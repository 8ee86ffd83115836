#!/bin/sh
# Makes the running machine this system, units excepted. Runs at boot and in every switch; a snippet that fails does not
# keep the others from running, but the exit code tells.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root
umask 022
systemConfig=@out@
_status=0

snippet_specialfs() {
  mkdir -p /run/nixos /run/wrappers /nix/var/nix/gcroots /nix/var/nix/profiles /boot
}

snippet_etc() {
  echo "setting up /etc..."
  @program@ setup-etc @etc@/etc
}

snippet_hostname() {
  hostname "$(cat @etc@/etc/hostname)"
}

snippet_lab() {
  :
  @fault@
}

for snippet in specialfs etc hostname lab; do
  "snippet_$snippet" || {
    echo "Activation script snippet '$snippet' failed ($?)" >&2
    _status=1
  }
done

# Last: whoever sees this link moved may rely on /etc being there.
ln -sfn "$systemConfig" /run/current-system.tmp && mv -T /run/current-system.tmp /run/current-system
ln -sfn /run/current-system /nix/var/nix/gcroots/current-system

exit $_status
