#!/bin/sh
# ExecStartPost of the sentinel; its argument is the tmux that was started. It is written down, so that the watchdog sees when
# the active system has another one. tmux in the foreground (-D) reads its configuration at once but executes it only when
# something first happens on its socket: without a client the unit is active and empty (seen with 3.5a). So this asks
# for the session until it is there; if it does not come, the unit fails and is started anew.
set -u

tmux=$1
started=/run/chimera/sentinel-tmux

echo "$tmux" > "$started.new" && mv -f "$started.new" "$started"
tries=0
until "$tmux" -N -S /run/chimera/tmux.sock has-session -t =sentinel 2>/dev/null; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ]; then
    echo "<3>the sentinel's session did not appear within 10 s"
    exit 1
  fi
  sleep 0.1
done
