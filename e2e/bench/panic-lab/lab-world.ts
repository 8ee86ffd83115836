// PURE. The two systems between which the peers and we go back and forth: many units, some changed, a few of them running and slow to stop.
import type { SystemSpec } from "../../lab/os/system-spec.ts";

const idle = 160;
const changed = 35;
export const restarted = Array.from({ length: 5 }, (_, i) => `busy-${i}`);

/** 200 services beside the machine's own: another label changes 40 of them, of which 5 run, and take 200 ms to stop. */
export function labWorld(label: string): Pick<SystemSpec, "apps"> {
  return {
    apps: [
      ...Array.from({ length: idle }, (_, i) => ({ name: `idle-${i}`, revision: "constant", run: false })),
      ...Array.from({ length: changed }, (_, i) => ({ name: `changed-${i}`, revision: label, run: false })),
      ...restarted.map((name) => ({ name, revision: label, stopMs: 200 })),
    ],
  };
}
