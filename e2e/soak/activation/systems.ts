// PURE. The systems that lie on the nodes of a soak.
import type { NodeWorld } from "../../fleet/fleet-systems.ts";
import { Fault } from "../../lab/os/system-spec.ts";

export type Machine = "container" | "vm";

/** `a` and `b` are good: each is the way back from the other. */
export const systemNames = [
  "a",
  "b",
  "patient",
  "exit1",
  "exit2",
  "exit4",
  "exit100",
  "fail-unit",
  "fail-late",
  "flap",
  "hang",
  "fork-daemon",
  "kill-agent",
  "break-agent",
  "break-tmux",
  "break-nix",
  "cut-network",
  "fill-disk",
  "fill-activation",
  "fill-boot",
  "kernel",
  "kernel-bad",
  "no-boot",
  "alien",
  "big",
] as const;
export type SystemName = (typeof systemNames)[number];

/** Only this one has to be fetched. */
export const fetchedSystem: SystemName = "big";

/** Those of them that lie on VMs: there each copy takes its time. */
export const vmSystemNames: readonly SystemName[] = ["a", "b", "exit2", "exit4", "kernel", "kernel-bad"];

/** Short times: what is wrong with these systems shows at once. */
const agentConfig = { probationSeconds: 1, reboot: { policy: "when-needed" } };

/** An emulated processor takes its time. */
const activationSeconds: Record<Machine, number> = { container: 20, vm: 180 };

const kernelVersion = "6.13.0-lab";

/** What differs from `a`. Others have the fault of their name. */
const changes: Partial<Record<SystemName, NodeWorld["changes"]>> = {
  a: {},
  b: {},
  patient: {},
  kernel: { kernelVersion },
  "kernel-bad": { kernelVersion, fault: "exit4" },
  "no-boot": { kernelVersion, fault: "no-boot" },
  // One file of it is changed on the node: it says to be built for another processor.
  alien: {},
  big: { payloadMb: 150 },
};

/** Part of its store path's name. */
function labelOf(name: SystemName): string {
  return `soak-${name}`;
}

/** While `patient` runs, what is ordered must stay healthy for as long as a slow fault takes to show. */
export function worldOf(name: SystemName, machine: Machine): Omit<NodeWorld, "version"> {
  const patience = name === "patient" ? { probationSeconds: 25 } : {};
  return {
    label: labelOf(name),
    changes: changes[name] ?? { fault: Fault.parse(name) },
    agentConfig: { ...agentConfig, activationSeconds: activationSeconds[machine], ...patience },
  };
}
