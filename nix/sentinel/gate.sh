#!/bin/sh
# ExecStart of chimera-gate.service; its argument is the agent's program. Waits until the system that was booted has
# proved itself, so that boot-complete.target, and the blessing of a counted boot entry, come after that. Only a boot has
# something to wait for: a switch that brings this unit starts it too (boot-complete.target wants it), and would wait for
# a probation that begins when the switch has ended.
set -u

case $(systemctl is-system-running 2>/dev/null) in
  running | degraded)
    echo "this boot was complete before there was a gate"
    exit 0
    ;;
esac
exec "$1" gate --config /etc/chimera/agent.json
