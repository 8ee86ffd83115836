# What units of the agent find by name. The active system comes first: a tmux server keeps the environment of its start, and its
# unit is not restarted by a switch, so the agent would otherwise work for months with the Nix of the day the node was booted.
{ config, pkgs }:
[
  "/run/current-system/sw"
  config.nix.package
  config.systemd.package
  pkgs.coreutils
  pkgs.gnugrep
  pkgs.util-linux
  pkgs.e2fsprogs
  pkgs.attr
  pkgs.tmux
]
