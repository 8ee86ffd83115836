#!/bin/sh
# Runs in the sentinel session: starts an agent, again and again, with backoff 1-30 s. Candidates, in this order:
#   active    of the system that runs, so that a switch also changes the agent
#   recorded  /var/lib/chimera/agent-path (one line, an executable), for a system that knows nothing of Chimera
#   previous  of the system before the last order, which is rooted
# One that fails gives way to the next: after three runs in a row that did not last 5 s, ten that did not last a minute, or one that
# the watchdog had to end. After the last the first is tried again. Whoever stands in for a broken one is told by
# CHIMERA_STANDS_IN; when it leaves of its own accord, the first is tried again too.
set -u

active=/run/current-system
recorded=/var/lib/chimera/agent-path
previous=/nix/var/nix/gcroots/chimera/previous
shared_config=/etc/chimera/agent.json
window=/etc/chimera/agent-window.conf
pid_file=/run/chimera/agent.pid
hung_file=/run/chimera/hung
lock_file=/run/chimera/agent.lock

pid=
backoff=1
# Words candidate=program.
given_up=' '
last=
quick=0
short=0

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

# The dead-man writes its number into the same file, and is to be left alone.
is_agent() {
  tr '\0' ' ' < "/proc/$1/cmdline" 2>/dev/null | grep -q '\(agent\.mjs\|chimera-agent\) run '
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

# Sets program, and own_config where the candidate's system has one. What is there but cannot be executed is a candidate too: it
# fails at once, and so gives way in words.
find_program() {
  link= own_config=
  case $1 in
    active) link=$active/sw/bin/chimera-agent own_config=$active/etc/chimera/agent.json ;;
    previous) link=$previous/sw/bin/chimera-agent own_config=$previous/etc/chimera/agent.json ;;
    recorded) read -r link 2>/dev/null < "$recorded" || true ;;
  esac
  [ -n "$link" ] && { [ -e "$link" ] || [ -L "$link" ]; } || return 1
  program=$(readlink -f "$link" 2>/dev/null) || program=$link
}

choose() {
  first=
  for candidate in active recorded previous; do
    find_program "$candidate" || continue
    # The recorded agent usually is the active one.
    [ "$candidate" != recorded ] || [ "$program" != "$first" ] || continue
    [ "$candidate" != active ] || first=$program
    case $given_up in *" $candidate=$program "*) ;; *) return 0 ;; esac
  done
  return 1
}

# Its own system's copy may be the one it understands.
refuse_config() {
  [ -n "$own_config" ] && [ -r "$own_config" ] || return 0
  if [ "$config" = "$shared_config" ]; then config=$own_config; else config=$shared_config; fi
  say "agent $program refused its configuration: trying $config"
}

run_agent() {
  begun=$(uptime_seconds)
  if [ "$given_up" = ' ' ]; then unset CHIMERA_STANDS_IN; else export CHIMERA_STANDS_IN="$candidate"; fi
  "$program" run --config "$config" < /dev/null &
  pid=$!
  echo "$pid" > "$pid_file.new" && mv -f "$pid_file.new" "$pid_file"
  wait "$pid"
  code=$?
  hung=
  read -r hung 2>/dev/null < "$hung_file" || true
  rm -f "$pid_file" "$hung_file"
  [ "$hung" = "$pid" ] || hung=
  pid=
  ran=$(($(uptime_seconds) - begun))
  say "agent $program ended with $code after $ran s"
}

# An agent that was there for a while and leaves of its own accord makes room for its successor, and so does its supervisor.
make_room() {
  given_up=' ' quick=0 short=0 backoff=1 successor=
  while read -r line; do
    case $line in
      *"'exec "*"'")
        successor=${line##*"'exec "}
        successor=${successor%"'"}
        ;;
    esac
  done 2>/dev/null < "$window"
  if [ "$successor" != "$0" ] && [ -f "$successor" ] && [ -x "$successor" ]; then
    say "making room for $successor"
    exec "$successor"
  fi
}

# The dead-man, for example: the agent that finds the lock taken is not broken, it comes too early.
another_drives() {
  [ "$code" -eq 75 ] || return 1
  holder=
  read -r holder _ 2>/dev/null < "$lock_file" || true
  [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null || return 1
  backoff=2
}

count_failure() {
  if [ "$ran" -lt 5 ]; then quick=$((quick + 1)); else quick=0; fi
  if [ "$ran" -lt 60 ]; then
    short=$((short + 1))
  else
    short=0
    backoff=1
  fi
  [ "$code" -ne 78 ] || refuse_config
  if [ "$quick" -ge 3 ] || [ "$short" -ge 10 ] || [ -n "$hung" ]; then
    given_up="$given_up$candidate=$program "
    backoff=1
    choose && say "agent $program takes its place: $candidate" && return 0
    given_up=' ' quick=0 short=0
    # All are broken: no hurry. One that hung for a minute was not in a hurry either.
    [ -n "$hung" ] || backoff=30
    say "every agent failed: beginning again with the first"
  fi
}

# An agent that outlived the supervisor before this one would be a second driver of the node.
if read -r old 2>/dev/null < "$pid_file" && is_agent "$old"; then
  say "ending agent $old of an earlier supervisor"
  end_agent "$old"
fi

while :; do
  if choose; then
    if [ "$candidate=$program" != "$last" ]; then
      last="$candidate=$program" config=$shared_config quick=0 short=0
    fi
    run_agent
    if [ "$code" -eq 0 ] && [ "$ran" -ge 5 ]; then
      make_room
      continue
    fi
    another_drives || count_failure
  else
    given_up=' '
    say "no agent: neither in $active, nor recorded in $recorded, nor in $previous"
  fi
  sleep "$backoff" &
  wait $!
  backoff=$((backoff * 2))
  [ "$backoff" -le 30 ] || backoff=30
done
