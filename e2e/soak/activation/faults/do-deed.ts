// SHELL. Does to a node what the fault table says, from outside, and knows how to undo it.
import { z } from "zod";
import type { Host } from "../../../lab/host/host.ts";
import type { Undo } from "../node-settings.ts";
import { plantJournal } from "../plant-journal.ts";
import type { DeedName } from "./fault.ts";
import { keysOfVersion1, toVersion1 } from "./to-version-1.ts";

export interface Place {
  host: Host;
  /** What ran when the order came. */
  from: string;
}

type Deed = (place: Place) => Promise<Undo>;

export function doDeed(name: DeedName, place: Place): Promise<Undo> {
  return deeds[name](place);
}

const deeds: Record<DeedName, Deed> = {
  nothing: () => Promise.resolve(keep),
  "fail a unit": byShell(
    "systemd-run --quiet --unit=soak-broken false; until systemctl is-failed --quiet soak-broken; do sleep 0.05; done",
    "systemctl reset-failed soak-broken 2>/dev/null || true",
  ),
  "cut off from the hub": byShell(
    `nft add table inet soak_away
nft 'add chain inet soak_away in { type filter hook input priority -300; policy accept; }'
nft 'add chain inet soak_away out { type filter hook output priority -300; policy accept; }'
nft add rule inet soak_away in iifname host0 drop
nft add rule inet soak_away out oifname host0 drop`,
    "nft delete table inet soak_away 2>/dev/null || true",
  ),
  "fill the state disk": fill("/var/lib/chimera"),
  "fill the boot partition": fill("/boot"),
  "cut the journal short": plant((text) => text.slice(0, Math.floor(text.length / 2))),
  "make the journal garbage": plant((text) => text.replaceAll(/[{"]/g, "\0")),
  "make the journal one of version 1": async (place) => {
    const known = await keysOfVersion1();
    // An agent of that time armed none.
    await place.host.run(["/bin/sh", "-c", "systemctl stop 'chimera-dead-man-*.timer'"]);
    return plant((text) => toVersion1(text, known))(place);
  },
  "make the journal one of a later version": plant((text) =>
    JSON.stringify({
      ...z.looseObject({}).parse(JSON.parse(text)),
      v: 99,
      plan: ["what this is nobody knows"],
    }),
  ),
  "remove the old system from the store": async ({ host, from }) => {
    await host.runChecked(["/bin/sh", "-euc", moveInStore, "sh", from, `${from}.removed`]);
    return async () => {
      await host.run(["/bin/sh", "-euc", moveInStore, "sh", `${from}.removed`, from]);
    };
  },
  "switch to the old system by hand": async ({ host, from }) => {
    // Whatever it answers: another switch may hold the lock.
    await host.run([`${from}/bin/switch-to-configuration`, "switch"], { timeoutMs: 60_000 });
    return keep;
  },
  "stop tmux": byShell(
    "kill -STOP $(systemctl show -P MainPID chimera-sentinel)",
    "kill -CONT $(systemctl show -P MainPID chimera-sentinel) 2>/dev/null || true",
  ),
  "kill tmux": byShell("kill -KILL $(systemctl show -P MainPID chimera-sentinel)", "true"),
};

const moveInStore = 'mount -o remount,bind,rw /nix/store; mv "$1" "$2"; mount -o remount,bind,ro /nix/store';

function keep(): Promise<void> {
  return Promise.resolve();
}

function byShell(script: string, undoing: string): Deed {
  return async ({ host }) => {
    await host.runChecked(["/bin/sh", "-euc", script]);
    return async () => {
      await host.run(["/bin/sh", "-uc", undoing]);
    };
  };
}

/** Only a file system of its own, as the settings make one: never this machine's disk. */
function fill(path: string): Deed {
  const script = `mountpoint -q ${path}; cat /dev/zero > ${path}/soak-fill 2>/dev/null || true`;
  return byShell(script, `rm -f ${path}/soak-fill`);
}

function plant(change: (text: string) => string): Deed {
  return async ({ host }) => {
    await plantJournal(host, change);
    return keep;
  };
}
