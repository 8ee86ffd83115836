/**
 * Wiring: systemd may have read its units from what lay in /etc before it was put back, and cannot know that: every file of
 * the store is older than that, and it only looks for newer ones.
 */
import type { NodeEventBody } from "@chimera/proto/event";
import { holdsUnits } from "../reconcile/machine-drift/unit-overrides.ts";

export interface UnitReloads {
  /** Null when it went well, else what systemd said. */
  reload: () => Promise<string | null>;
  report: (event: NodeEventBody) => void;
}

/** The events of /etc pass through it. */
export function reloadAfterReverts({ reload, report }: UnitReloads): (event: NodeEventBody) => void {
  return (event) => {
    report(event);
    if (event.type === "drift-reverted" && holdsUnits(event.data.item.path)) void reloadUnits();
  };

  async function reloadUnits(): Promise<void> {
    const problem = await reload();
    if (problem === null) return;
    const message = `units were put back, and systemd did not read them again: ${problem}`;
    report({ type: "alarm", data: { code: "reload-failed", message: message.slice(0, 2048) } });
  }
}
