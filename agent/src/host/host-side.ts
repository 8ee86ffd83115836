/** SHELL. All that looks at and acts on this machine, as one part. */
import type { Log } from "@chimera/proto/log";
import type { StorePath } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { AgentConfig } from "../config.ts";
import type { Action, Needs, Observed } from "../reconcile/decision.ts";
import { isActiveAgent, recordAgentPath, storePathOf } from "./agent-path.ts";
import { createFetchJob } from "./fetch-job.ts";
import { readHealth } from "./health.ts";
import { readHardware } from "./hardware.ts";
import { observe } from "./observe.ts";
import { perform } from "./perform.ts";
import type { ProgressFile } from "./progress-file.ts";
import { createUnitsWatch } from "./units-watch.ts";
import type { HealthSample } from "@chimera/proto/health";
import type { Hardware } from "@chimera/proto/hardware";

export interface HostSide {
  /** Store path of the running agent; null outside the store. */
  ownPath: StorePath | null;
  observe: (needs: Needs) => Promise<Observed>;
  perform: (action: Action) => Promise<void>;
  health: () => HealthSample;
  hardware: () => Promise<Hardware>;
  /** Whether the active system starts another agent than this one. */
  isReplaced: () => boolean;
  stop: () => void;
}

export interface HostOptions {
  config: AgentConfig;
  configFile: string;
  progress: ProgressFile;
  /** This agent's script. */
  program: string;
  leaf: () => Leaf | null;
  onFetchEnd: () => void;
  log: Log;
}

export function openHost({
  config,
  configFile,
  program,
  progress,
  leaf,
  onFetchEnd,
  log,
}: HostOptions): HostSide {
  const { node, stateDir, runtimeDir, controller, nix } = config;
  const ownPath = storePathOf(program);
  const units = createUnitsWatch();
  const fetchJob = createFetchJob({
    controllerUrl: controller.url.replace(/\/+$/, ""),
    tokenFile: controller.tokenFile,
    trustedPublicKeys: nix.trustedPublicKeys,
    runtimeDir,
    onEnd: onFetchEnd,
  });
  recordAgentPath(stateDir, ownPath);
  log.debug({ ownPath }, "host was opened");
  return {
    ownPath,
    async observe(needs) {
      const observed = await observe(needs, { stateDir, fetch: fetchJob.fact });
      if (observed.units !== null) units.take(observed.units);
      return observed;
    },
    perform: (action) => progress.during(perform(action, { stateDir, fetchJob, leaf, configFile })),
    health: () => readHealth(node, units.latest()),
    hardware: () => readHardware(node, program),
    isReplaced: () => !isActiveAgent(ownPath),
    stop: units.stop,
  };
}
