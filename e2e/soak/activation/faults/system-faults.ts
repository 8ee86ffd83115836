// PURE. Faults of the system that is ordered.
import { contactRestMs, type Fault } from "./fault.ts";

export const systemFaults = {
  "activation exits 1": { order: "exit1", ends: ["old"] },
  "activation exits 2": { order: "exit2", ends: ["old"] },
  "activation exits 4: a unit fails at once": { order: "exit4", ends: ["old"] },
  "activation exits 100": { order: "exit100", ends: ["old", "new"] },
  "activation hangs": { order: "hang", ends: ["old"], restMs: 120_000 },
  "a unit fails after 3 s": { order: "fail-unit", ends: ["old"], notBeforeMs: 6_000 },
  "a unit had failed before": { order: "other", deed: "fail a unit", when: "before", ends: ["new"] },
  "the new system kills the agent": { order: "kill-agent", ends: ["old", "new"] },
  "the new system cuts the network": { order: "cut-network", ends: ["old"], restMs: contactRestMs },
  "the new system fills the state disk": {
    order: "fill-disk",
    setting: "small-state-disk",
    ends: ["old", "new"],
    restMs: 120_000,
  },
} satisfies Record<string, Fault>;
