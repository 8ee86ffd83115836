#!/bin/sh
# QEMU calls this with the interface that it made; LAB_BRIDGE is the lab's. The interface goes with the process that made it.
exec ip link set dev "$1" master "$LAB_BRIDGE" up
