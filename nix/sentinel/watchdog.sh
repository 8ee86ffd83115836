#!/bin/sh
# Run by chimera-watchdog.timer: an agent whose loop makes no progress for 60 s is ended (its supervisor starts it
# anew); if that does not help for another 60 s, the sentinel is restarted.
set -eu

progress=/run/chimera/progress
state=/run/chimera/watchdog
pid_file=/run/chimera/agent.pid
limit=${CHIMERA_WATCHDOG_SECONDS:-60}

# Someone who stopped the sentinel on purpose wants it stopped; a crashed one is restarted by systemd.
systemctl is-active --quiet chimera-sentinel.service || exit 0

# Seconds since boot, not the clock: a step of the clock is no silence.
read -r up _ < /proc/uptime
now=${up%%.*}
seen=$(stat -c %.9Y "$progress" 2>/dev/null || echo none)

remember() {
  echo "$seen $now $1" > "$state.new"
  mv -f "$state.new" "$state"
}

last='' since=$now stage=agent
if [ -r "$state" ]; then
  read -r last since stage < "$state" || true
fi
case $since in '' | *[!0-9]*) last='' ;; esac

if [ "$seen" != "$last" ]; then
  remember agent
  exit 0
fi
if [ "$((now - since))" -lt "$limit" ]; then
  exit 0
fi

if [ "$stage" = agent ]; then
  echo "<4>the agent's loop made no progress for $((now - since)) s: ending the agent"
  remember sentinel
  if read -r pid 2>/dev/null < "$pid_file"; then
    # SIGKILL: a loop that hangs does not answer, a stopped process cannot.
    kill -KILL "$pid" 2>/dev/null || true
  fi
  exit 0
fi

echo "<3>a new agent made no progress either: restarting the sentinel"
remember agent
exec systemctl restart chimera-sentinel.service
