#!/bin/sh
# switch-to-configuration check|switch|boot|test|dry-activate: see the README for the rules it keeps.
case "${1-}" in
  check | switch | boot | test | dry-activate) ;;
  *)
    echo "Usage: $0 [check|switch|boot|test|dry-activate]" >&2
    exit 1
    ;;
esac
export PATH=/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
if [ ! -w /run ]; then
  echo "$0: only root may do this" >&2
  exit 1
fi

# The lock is taken here, since node cannot: the program inherits the descriptor and holds the lock until it ends; what it
# starts does not get it.
[ -d /run/nixos ] || mkdir -p /run/nixos
exec 9> /run/nixos/switch-to-configuration.lock
if ! flock --exclusive --nonblock 9; then
  echo "Could not acquire lock" >&2
  exit 11
fi

export TOPLEVEL=@out@ PRE_SWITCH_CHECK=@out@/pre-switch-checks INSTALL_BOOTLOADER=@out@/install-bootloader
cd /
exec @program@ switch "$1"
