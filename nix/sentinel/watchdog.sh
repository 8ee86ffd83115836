#!/bin/sh
# Run by chimera-watchdog.timer: an agent whose loop makes no progress for 60 s is ended (its supervisor starts it
# anew); if that does not help for another 60 s, the sentinel is restarted. While all is well it starts no other
# program: only the shell's own words are used until something is wrong.
set -eu

progress=/run/chimera/progress
state=/run/chimera/watchdog
pid_file=/run/chimera/agent.pid
limit=${CHIMERA_WATCHDOG_SECONDS:-60}

# The number in a file that somebody left may be another process's by now.
is_agent() {
  tr '\0' ' ' < "/proc/$1/cmdline" 2>/dev/null | grep -q 'agent\.mjs\|chimera-agent'
}

# Seconds since boot, not the clock: a step of the clock is no silence.
read -r up _ < /proc/uptime
now=${up%%.*}

# What the agent writes counts, not the file's time, which the clock moves too.
beat=none
read -r beat 2>/dev/null < "$progress" || true

# The state: when the last look found progress (or a measure was taken), what comes next, and what was seen.
since=$now stage=agent seen=
read -r since stage seen 2>/dev/null < "$state" || true
if [ "$beat" != "$seen" ]; then
  echo "$now agent $beat" > "$state"
  exit 0
fi

case $since in '' | *[!0-9]*) since=$now ;; esac
if [ "$((now - since))" -lt "$limit" ]; then
  exit 0
fi

# Someone who stopped the sentinel on purpose wants it stopped; a crashed one is restarted by systemd.
systemctl is-active --quiet chimera-sentinel.service || exit 0

if [ "$stage" = agent ]; then
  echo "<4>the agent's loop made no progress for $((now - since)) s: ending the agent"
  echo "$now sentinel $beat" > "$state"
  if read -r pid 2>/dev/null < "$pid_file" && is_agent "$pid"; then
    # SIGKILL: a loop that hangs does not answer, a stopped process cannot.
    kill -KILL "$pid" 2>/dev/null || true
  fi
  exit 0
fi

echo "<3>a new agent made no progress either: restarting the sentinel"
echo "$now agent $beat" > "$state"
exec systemctl restart chimera-sentinel.service
