// PURE. Faults of the system that is ordered.
import { contactRestMs, type Fault } from "./fault.ts";

/** The dead-man waits for activation, contact and a margin: 211 s with these times. */
const deadManRestMs = 300_000;

export const systemFaults = {
  "activation exits 1": { order: "exit1", ends: ["old"] },
  "activation exits 2": { order: "exit2", ends: ["old"] },
  "activation exits 4: a unit fails at once": { order: "exit4", ends: ["old"] },
  "activation exits 100": { order: "exit100", ends: ["old", "new"] },
  "activation hangs": { order: "hang", ends: ["old"], restMs: deadManRestMs },
  "activation forks a daemon that holds its pipes": { order: "fork-daemon", ends: ["old", "new"] },
  "a unit fails after 3 s": { order: "fail-unit", setting: "patient", ends: ["old"] },
  "a unit fails after 20 s": { order: "fail-late", setting: "patient", ends: ["old"] },
  "a unit flaps": { order: "flap", setting: "patient", ends: ["old"] },
  "a unit had failed before": { order: "other", deed: "fail a unit", when: "before", ends: ["new"] },
  "the new system kills the agent": { order: "kill-agent", ends: ["old", "new"] },
  "the new system breaks the agent": { order: "break-agent", ends: ["old"], restMs: deadManRestMs },
  "the new system breaks tmux": { order: "break-tmux", ends: ["old"], restMs: deadManRestMs },
  "the new system breaks Nix": { order: "break-nix", ends: ["old"], restMs: deadManRestMs },
  "the new system cuts the network": { order: "cut-network", ends: ["old"], restMs: contactRestMs },
  "the new system fills the state disk in its activation": {
    order: "fill-activation",
    setting: "small-state-disk",
    ends: ["old"],
    restMs: deadManRestMs,
  },
  "the new system fills the state disk by a unit": {
    order: "fill-disk",
    setting: "small-state-disk",
    ends: ["old", "new"],
    restMs: deadManRestMs,
  },
  "the new system fills the boot partition": {
    order: "fill-boot",
    setting: "small-boot",
    ends: ["old", "new"],
    restMs: deadManRestMs,
  },
  "the new system needs a restart": { order: "kernel", ends: ["new"] },
  "the new system fails after its restart": { order: "kernel-bad", ends: ["old"], restMs: deadManRestMs },
  "the new system does not boot": { order: "no-boot", ends: ["old"], restMs: deadManRestMs },
  "the new system is built for another processor": { order: "alien", ends: ["old"] },
} satisfies Record<string, Fault>;
