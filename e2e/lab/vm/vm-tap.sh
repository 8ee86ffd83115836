#!/bin/sh
# QEMU calls this with the interface that it made. The interface goes with the process that made it.
exec ip link set dev "$1" master chimera-lab up
