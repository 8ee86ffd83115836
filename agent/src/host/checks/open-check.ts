/** SHELL. What a check runs, by its kind. */
import type { LookupFunction } from "node:net";
import type { HealthCheck } from "@chimera/proto/health-check";
import type { StorePath } from "@chimera/proto/names";
import { createCommandCheck } from "./check-command.ts";
import { createContactCheck } from "./check-contact.ts";
import { createGpuCheck } from "./check-gpu.ts";
import { createHttpCheck } from "./check-http.ts";
import { createNixCheck } from "./check-nix.ts";
import { createTcpCheck } from "./check-tcp.ts";
import { createUnitCheck } from "./check-unit.ts";
import type { NixPlaces } from "./nix-places.ts";
import type { CheckRun } from "./check-run.ts";

/** Other places than the machine's own, for tests. */
export interface CheckPlaces {
  systemdSocket?: string;
  gpuRoot?: string;
  nix?: NixPlaces;
}

export interface CheckTools {
  hasContact: () => Promise<boolean>;
  toplevel: () => StorePath | null;
  uptimeMs: () => number;
  lookup: LookupFunction;
  places: CheckPlaces;
}

export function openCheck(check: HealthCheck, tools: CheckTools): CheckRun {
  const { places, lookup } = tools;
  switch (check.kind) {
    case "unit":
      return createUnitCheck(check.unit, places.systemdSocket);
    case "command":
      return createCommandCheck(check.argv);
    case "http":
      return createHttpCheck(check, lookup);
    case "tcp":
      return createTcpCheck(check, lookup);
    case "contact":
      return createContactCheck(tools.hasContact);
    case "gpu":
      return createGpuCheck(check, places.gpuRoot);
    case "nix":
      return createNixCheck({ ...tools, places: places.nix });
  }
}
