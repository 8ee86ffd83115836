#!/bin/sh
# pre-switch-checks <toplevel> <action>: refuses what only a reboot may change.
@fault@
# Nearly always they are equal, and node need not be started to see it.
cmp -s /run/current-system/switch-inhibitors "$1/switch-inhibitors" && exit 0
exec @program@ check "$1" "$2"
