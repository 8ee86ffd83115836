#!/bin/sh
# Run by chimera-watchdog.timer: an agent whose loop makes no progress for 60 s is ended (its supervisor starts another);
# if that does not help for another 60 s, the sentinel is restarted. Its argument is the program that is run when the active
# system's sentinel has another tmux than the one that runs. While all is well it starts no other program: only the
# shell's own words are used until something is wrong.
set -eu

progress=/run/chimera/progress
state=/run/chimera/watchdog
pid_file=/run/chimera/agent.pid
hung_file=/run/chimera/hung
started=/run/chimera/sentinel-tmux
unit=/etc/systemd/system/chimera-sentinel.service
limit=${CHIMERA_WATCHDOG_SECONDS:-60}

# The number in a file that somebody left may be another process's by now.
is_agent() {
  tr '\0' ' ' < "/proc/$1/cmdline" 2>/dev/null | grep -q 'agent\.mjs\|chimera-agent'
}

# A switch leaves the sentinel alone, so after one that brought another tmux the old one runs on, from a path that may
# be collected. The unit file says which one a restart would run.
compare_tmux() {
  running= wanted=
  read -r running 2>/dev/null < "$started" || true
  while read -r line; do
    case $line in ExecStart=*) wanted=${line#ExecStart=} && break ;; esac
  done 2>/dev/null < "$unit" || true
  wanted=${wanted%% *}
  [ -z "$wanted" ] || [ "$wanted" = "$running" ] || exec "$1" "$wanted" "$running"
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
  [ "$#" -eq 0 ] || compare_tmux "$1"
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
    # For the supervisor: one that hangs gives way to another.
    echo "$pid" > "$hung_file"
    # SIGKILL: a loop that hangs does not answer, a stopped process cannot.
    kill -KILL "$pid" 2>/dev/null || true
  fi
  exit 0
fi

echo "<3>a new agent made no progress either: restarting the sentinel"
echo "$now agent $beat" > "$state"
exec systemctl restart chimera-sentinel.service
