#!/bin/sh
# install-bootloader <toplevel>: writes the boot entries of all generations and the boot default.
exec @program@ install-bootloader "$1" @loader@
