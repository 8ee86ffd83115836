/**
 * SHELL. The newest word on the machine's units for the health sample: asked over systemd's socket, which starts no
 * process; what the loop saw meanwhile is taken as it comes.
 */
import type { UnitsFact } from "../../reconcile/decision.ts";
import { readUnitsQuietly } from "./systemd.ts";

export interface UnitsWatch {
  latest: () => UnitsFact | null;
  take: (units: UnitsFact) => void;
  refresh: () => void;
  stop: () => void;
}

const refreshMs = 30_000;

export function createUnitsWatch(): UnitsWatch {
  let latest: UnitsFact | null = null;
  const look = async () => {
    latest = await readUnitsQuietly();
  };
  const refresh = () => {
    look().catch(() => {
      latest = null;
    });
  };
  refresh();
  const timer = setInterval(refresh, refreshMs).unref();
  return {
    latest: () => latest,
    take(units) {
      latest = units;
    },
    refresh,
    stop: () => clearInterval(timer),
  };
}
