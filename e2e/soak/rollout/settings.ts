// SHELL. What is different about the fleet before a head is published, and how it is put right.
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { SettingName } from "./rollout-faults.ts";
import { hostOf } from "./deeds.ts";
import { lastNode, leads, type SoakFleet } from "./soak-fleet.ts";

type Undo = () => Promise<unknown>;

/** Programs of leads are started in transient units: a drop-in for all of that name tells them another time. */
const dropIn = "/run/systemd/system/chimera-rollout-.service.d";

export function prepareFleet(name: SettingName, soak: SoakFleet): Promise<Undo> {
  switch (name) {
    case "two of five are away":
      return away(soak, ["n2", lastNode]);
    case "leads' clocks 6 h ahead":
      return withClock(soak, "+6h");
    case "leads' clocks 6 h behind":
      return withClock(soak, "-6h");
  }
}

/** Whether the lead's record shows it: a setting that did not take makes no trial. */
export function hasTaken(name: SettingName | undefined, { at }: Pick<RolloutRecord, "at">): boolean {
  const aheadHours = (Date.parse(at) - Date.now()) / 3_600_000;
  if (name === "leads' clocks 6 h ahead") return aheadHours > 5;
  return name !== "leads' clocks 6 h behind" || aheadHours < -5;
}

/** They are booted when the others are at rest, with every other node that is off. */
async function away(soak: SoakFleet, names: readonly string[]): Promise<Undo> {
  await Promise.all(names.map((name) => hostOf(soak, name).powerCut()));
  return () => Promise.resolve();
}

async function withClock(soak: SoakFleet, offset: string): Promise<Undo> {
  const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
  const environment = `LD_PRELOAD=${library} FAKETIME=${offset} FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1`;
  const script = `mkdir -p ${dropIn}; printf '[Service]\\nEnvironment=%s\\n' "$1" > ${dropIn}/clock.conf; systemctl daemon-reload`;
  const hosts = leads.map((name) => hostOf(soak, name));
  await Promise.all(hosts.map((host) => host.runChecked(["/bin/sh", "-euc", script, "sh", environment])));
  const undo = `rm -rf ${dropIn}; systemctl daemon-reload`;
  return () => Promise.all(hosts.map((host) => host.run(["/bin/sh", "-uc", undo])));
}
