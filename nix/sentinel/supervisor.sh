#!/bin/sh
# Runs in the sentinel session: starts the agent of the active system, again and again, with backoff 1-30 s.
# The agent of the active system comes first, so that a switch also changes the agent; the recorded one
# (/var/lib/chimera/agent-path: one line, an executable) serves a system that knows nothing of Chimera.
set -u

active=/run/current-system/sw/bin/chimera-agent
recorded=/var/lib/chimera/agent-path
pid_file=/run/chimera/agent.pid
config=/etc/chimera/agent.json
pid=
backoff=1

say() {
  # The journal gets it too: a pane's history is lost with the tmux server.
  echo "chimera supervisor: $1"
  logger -t chimera-supervisor -- "$1" 2>/dev/null || true
}

uptime_seconds() {
  # Not the clock: a step of it must not look like a long or a short run.
  read -r up _ < /proc/uptime
  echo "${up%%.*}"
}

is_agent() {
  tr '\0' ' ' < "/proc/$1/cmdline" 2>/dev/null | grep -q 'agent\.mjs\|chimera-agent'
}

end_agent() {
  kill -TERM "$1" 2>/dev/null || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.5
  done
  kill -KILL "$1" 2>/dev/null || true
}

stop() {
  trap '' HUP INT TERM
  [ -z "$pid" ] || end_agent "$pid"
  exit 0
}
trap stop HUP INT TERM

find_agent() {
  found=$(readlink -f "$active" 2>/dev/null) && [ -x "$found" ] && return 0
  found=
  [ ! -r "$recorded" ] || read -r found < "$recorded" || true
  [ -n "$found" ] && [ -x "$found" ]
}

# An agent that outlived the supervisor before this one would be a second driver of the node.
if read -r old 2>/dev/null < "$pid_file" && is_agent "$old"; then
  say "ending agent $old of an earlier supervisor"
  end_agent "$old"
fi

while :; do
  ran=0
  if find_agent; then
    begun=$(uptime_seconds)
    "$found" run --config "$config" < /dev/null &
    pid=$!
    echo "$pid" > "$pid_file.new" && mv -f "$pid_file.new" "$pid_file"
    wait "$pid"
    code=$?
    pid=
    rm -f "$pid_file"
    ran=$(($(uptime_seconds) - begun))
    say "agent $found ended with $code after $ran s"
    # An agent that was there for a while and leaves of its own accord makes room for its successor.
    if [ "$code" -eq 0 ] && [ "$ran" -ge 5 ]; then
      backoff=1
      continue
    fi
  else
    say "no agent: neither $active nor the one recorded in $recorded can be run"
  fi
  [ "$ran" -lt 60 ] || backoff=1
  sleep "$backoff" &
  wait $!
  backoff=$((backoff * 2))
  [ "$backoff" -le 30 ] || backoff=30
done
