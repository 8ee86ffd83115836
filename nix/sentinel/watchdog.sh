#!/bin/sh
# Run by chimera-watchdog.timer: an agent whose loop makes no progress for 60 s is ended (its supervisor starts it
# anew); if that does not help for another 60 s, the sentinel is restarted. While all is well it starts no other
# program: only the shell's own words are used until something is wrong.
set -eu

progress=/run/chimera/progress
state=/run/chimera/watchdog
pid_file=/run/chimera/agent.pid
limit=${CHIMERA_WATCHDOG_SECONDS:-60}

# Seconds since boot, not the clock: a step of the clock is no silence.
read -r up _ < /proc/uptime
now=${up%%.*}

# The state's own time is that of the last look that found progress (or of the last measure taken).
if [ ! -e "$state" ] || [ "$progress" -nt "$state" ]; then
  echo "$now agent" > "$state"
  exit 0
fi

since=$now stage=agent
read -r since stage < "$state" || true
case $since in '' | *[!0-9]*) since=$now ;; esac
if [ "$((now - since))" -lt "$limit" ]; then
  exit 0
fi

# Someone who stopped the sentinel on purpose wants it stopped; a crashed one is restarted by systemd.
systemctl is-active --quiet chimera-sentinel.service || exit 0

if [ "$stage" = agent ]; then
  echo "<4>the agent's loop made no progress for $((now - since)) s: ending the agent"
  echo "$now sentinel" > "$state"
  if read -r pid 2>/dev/null < "$pid_file"; then
    # SIGKILL: a loop that hangs does not answer, a stopped process cannot.
    kill -KILL "$pid" 2>/dev/null || true
  fi
  exit 0
fi

echo "<3>a new agent made no progress either: restarting the sentinel"
echo "$now agent" > "$state"
exec systemctl restart chimera-sentinel.service
