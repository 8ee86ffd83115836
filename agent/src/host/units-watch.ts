/**
 * SHELL. The newest word on the machine's units for the health sample. Asking systemd starts two processes, so it is
 * asked after each activation and every five minutes; what the loop saw meanwhile is taken as it comes.
 */
import type { UnitsFact } from "../reconcile/decision.ts";
import { readUnits } from "./systemd.ts";

export interface UnitsWatch {
  latest: () => UnitsFact | null;
  take: (units: UnitsFact) => void;
  refresh: () => void;
  stop: () => void;
}

const refreshMs = 5 * 60_000;

export function createUnitsWatch(): UnitsWatch {
  let latest: UnitsFact | null = null;
  const look = async () => {
    latest = await readUnits();
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
