/**
 * PURE. What the dead-man runs where the previous system has no agent that knows how: a few lines of shell that use only
 * that system's own tools. They do nothing once the journal says that the order was proven or is being undone.
 */
import type { Digest, StorePath } from "@chimera/proto/names";

export interface DeadManScript {
  shell: string;
  order: Digest;
  previous: StorePath;
  stateDir: string;
  runtimeDir: string;
}

export function deadManScript({ shell, order, previous, stateDir, runtimeDir }: DeadManScript): string {
  return `#!${shell}
# Written by chimera-agent before it activated another system: goes back to the one that ran before.
export PATH=${previous}/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin
journal=${stateDir}/journal.json
[ -r "$journal" ] && text=$(cat "$journal") || text=
case $text in
  *'"id":"${order}"'*) ;;
  *) exit 0 ;;
esac
case $text in
  *'"step":"arming"'* | *'"step":"activating"'* | *'"step":"probation"'*) ;;
  *) exit 0 ;;
esac
echo "<3>chimera: the dead-man fired, going back to ${previous}"
systemctl stop 'chimera-activate-*.service' 2>/dev/null || true
tries=0
while :; do
  # A hanging agent holds the switch's lock for as long as it lives, and so may its successor.
  if read -r pid 2>/dev/null < ${runtimeDir}/agent.pid; then
    case $(tr '\\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null) in
      *agent.mjs* | *chimera-agent*) kill -KILL "$pid" 2>/dev/null || true ;;
    esac
  fi
  rm -f /run/nixos/start-list /run/nixos/restart-list /run/nixos/reload-list
  code=0
  ${previous}/bin/switch-to-configuration test || code=$?
  tries=$((tries + 1))
  # 11: somebody holds the lock.
  if [ "$code" -ne 11 ] || [ "$tries" -ge 10 ]; then exit "$code"; fi
  sleep 0.2
done
`;
}
