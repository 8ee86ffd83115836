#!/bin/sh
# Run by the watchdog while the sentinel's unit in the active system names another tmux than the one that runs.
# usage: update-tmux <tmux of the unit> <tmux that was started, empty where nobody wrote it down>
# The sentinel is restarted when nobody loses anything by it: the node is at rest, no other session is open, and the new tmux
# works here. Until then it says once why not.
set -u

wanted=$1
running=$2
rest_file=/run/chimera/at-rest
pid_file=/run/chimera/agent.pid
started=/run/chimera/sentinel-tmux
said_file=/run/chimera/tmux-update
refused_file=/run/chimera/tmux-refused
answer_file=/run/chimera/tmux-answer
socket=/run/chimera/tmux.sock
trial=/run/chimera/tmux-trial.sock

wait_for() {
  said=
  read -r said 2>/dev/null < "$said_file" || true
  [ "$said" = "$wanted $1" ] || echo "<5>the active system has another tmux ($wanted), the sentinel is not restarted yet: $1"
  echo "$wanted $1" > "$said_file"
  exit 0
}

# Sets answer. A server that hangs must not hang the watchdog: a client that waits for one does not end by SIGTERM, and has
# handed its output to the server, which would keep a pipe open for ever.
ask() {
  program=$1
  shift
  timeout --signal=KILL 5 "$program" -N "$@" > "$answer_file" 2>/dev/null || return 1
  answer=$(cat "$answer_file")
}

at_rest() {
  rest= pid=
  read -r rest 2>/dev/null < "$rest_file" || true
  read -r pid 2>/dev/null < "$pid_file" || true
  # A killed agent leaves its file behind.
  [ -n "$rest" ] && [ "$rest" = "$pid" ] && kill -0 "$rest" 2>/dev/null
}

# With a tmux that does not work the node would be left without an agent: nothing had tried it before.
works() {
  rm -f "$trial"
  timeout --signal=KILL 10 "$wanted" -S "$trial" -f /dev/null new-session -d -s trial 'exec sleep 20' >/dev/null 2>&1 &&
    ask "$wanted" -S "$trial" list-sessions -F '#{session_name}' && [ "$answer" = trial ] &&
    ask "$wanted" -S "$trial" source-file -n /etc/chimera/tmux.conf &&
    ask "$wanted" -S "$trial" source-file -n /etc/chimera/agent-window.conf
  works=$?
  ask "$wanted" -S "$trial" kill-server
  rm -f "$trial"
  [ "$works" -eq 0 ] || echo "$wanted" > "$refused_file"
  return "$works"
}

# Once tried, it is not tried again before the node boots.
refused=
read -r refused 2>/dev/null < "$refused_file" || true
[ "$refused" != "$wanted" ] || exit 0

# Someone who stopped the sentinel on purpose wants it stopped.
systemctl is-active --quiet chimera-sentinel.service || exit 0

# A sentinel that was started before anybody wrote that down.
if [ -z "$running" ]; then
  running=$(readlink "/proc/$(systemctl show -P MainPID chimera-sentinel.service)/exe")
  if [ "$running" = "$(readlink -f "$wanted")" ]; then
    echo "$wanted" > "$started"
    exit 0
  fi
fi

at_rest || wait_for "the agent is at work"
# Another version's client may not be understood; the old one's path may be gone.
[ -x "$running" ] || running=$wanted
ask "$running" -S "$socket" list-sessions -F '#{session_name}' || wait_for "the tmux server does not answer"
[ "$answer" = sentinel ] || wait_for "other sessions are open"
works || wait_for "it does not work here"
at_rest || wait_for "the agent is at work"

echo "<5>restarting the sentinel with the active system's tmux, $wanted"
rm -f "$said_file"
exec systemctl restart chimera-sentinel.service
