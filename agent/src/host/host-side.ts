/** SHELL. All that looks at and acts on this machine, as one part. */
import { readFileSync } from "node:fs";
import type { HealthSample } from "@chimera/proto/health";
import type { Hardware } from "@chimera/proto/hardware";
import type { Log } from "@chimera/proto/log";
import type { StorePath } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { AgentConfig } from "../config.ts";
import type { Sight } from "../reconcile/sight.ts";
import type { Action, Needs } from "../reconcile/decision.ts";
import type { Journal } from "../reconcile/journal.ts";
import type { Reserve } from "../reconcile/preflight/judge-preflight.ts";
import { isActiveAgent, recordAgentPath, storePathOf } from "./agent/agent-path.ts";
import { layBallast } from "./state/ballast.ts";
import { uptimeMs } from "./boot-clock.ts";
import { isConfigNew } from "./agent/config-watch.ts";
import { createStandIn, type Look } from "./agent/stand-in.ts";
import { createCheckRunner } from "./checks/check-runner.ts";
import { createDeclaredReader } from "./checks/read-declared.ts";
import { createFetchJob } from "./store/fetch-job.ts";
import { readHardware } from "./hardware.ts";
import { readHealth } from "./health.ts";
import { createLoader } from "./loader/loader.ts";
import { observe } from "./observe.ts";
import { perform, type Performer } from "./perform.ts";
import type { ProgressFile } from "./agent/progress-file.ts";
import { clearLeftovers } from "./activation/left-units.ts";
import { createSwitchLockHolder } from "./activation/switch-lock-holder.ts";
import { createRestartAdvice } from "./preflight/restart-advice.ts";
import { readPointers } from "./system-pointers.ts";
import { createUnitsWatch } from "./systemd/units-watch.ts";

export interface HostSide {
  /** Store path of the running agent; null outside the store. */
  ownPath: StorePath | null;
  observe: (needs: Needs) => Promise<Sight>;
  perform: (action: Action) => Promise<void>;
  health: () => HealthSample;
  hardware: () => Promise<Hardware>;
  /** Whether the active system starts another agent than this one, or says something else to it. */
  isReplaced: () => boolean;
  /** The active system's own agent, which does not run, so that this one stands in for it; null when this is it. */
  standsInFor: string | null;
  stop: () => Promise<void>;
}

export interface HostOptions {
  config: AgentConfig;
  configFile: string;
  progress: ProgressFile;
  /** This agent's script. */
  program: string;
  leaf: () => Leaf | null;
  /** A fresh round trip to NATS or controller, begun after the call. */
  hasContact: () => Promise<boolean>;
  onFetchEnd: () => void;
  /** As it was found. */
  journal: Journal | null;
  /** Whether one was there and could not be read. */
  isJournalLost: boolean;
  log: Log;
}

const mebibyte = 1 << 20;

export function openHost(options: HostOptions): HostSide {
  const { config, configFile, program, progress, log } = options;
  const startedWith = readFileSync(configFile, "utf8");
  const ownPath = storePathOf(program);
  const [units, switchLock] = [createUnitsWatch(), createSwitchLockHolder()];
  const [loader, advice] = [createLoader(), createRestartAdvice()];
  const checks = openChecks(options);
  const performer = openPerformer(options, { ownPath, loader, switchLock });
  const { stateDir } = config;
  const standIn = createStandIn(process.env["CHIMERA_STANDS_IN"], look);
  const standsIn = () => standIn.isActive(look());
  const [fetch, declared] = [performer.fetchJob.fact, createDeclaredReader(log)];
  const observer = { stateDir, fetch, checks: checks.results, declared, loader, standsIn };
  recordAgentPath(stateDir, ownPath);
  layBallast(stateDir);
  const cleared = clearLeftovers(options.journal, stateDir).catch(performer.onTrouble);
  log.debug({ ownPath }, "host was opened");
  return {
    ownPath,
    async observe(needs) {
      if (needs.switchLock) switchLock.hold();
      else await switchLock.release();
      // Without any the next order's begin anew, though it be the same order.
      checks.begin(needs.checks ?? { id: "none", sinceMs: 0, checks: [] });
      const { seen, pointers } = await observe(needs, observer);
      if (seen.units !== null) units.take(seen.units);
      return { ...seen, ...settingsOf(options), restartAdvice: advice(pointers) };
    },
    // A unit or a timer of the same name may be among what was left.
    perform: (action) => progress.during(cleared.then(() => perform(action, performer))),
    health: () => readHealth(config.node, units.latest(), reserveOf(config)),
    hardware: () => readHardware(config.node, program),
    isReplaced: () =>
      (!isActiveAgent(ownPath) || isConfigNew(startedWith, configFile)) && standIn.mayLeave(look()),
    standsInFor: standIn.insteadOf,
    async stop() {
      units.stop();
      checks.stop();
      await switchLock.release();
    },
  };
}

function look(): Look {
  return { current: readPointers().current, uptimeMs: uptimeMs() };
}

function openChecks({ hasContact, onFetchEnd }: HostOptions): ReturnType<typeof createCheckRunner> {
  return createCheckRunner({
    hasContact,
    toplevel: () => readPointers().current,
    onChange: onFetchEnd,
    uptimeMs,
    now: () => new Date().toISOString(),
  });
}

function openPerformer(
  { config, configFile, leaf, onFetchEnd, log }: HostOptions,
  parts: Pick<Performer, "ownPath" | "loader" | "switchLock">,
): Performer {
  const { stateDir, runtimeDir, controller, nix, reboot } = config;
  const fetchJob = createFetchJob({
    controllerUrl: controller.url.replace(/\/+$/, ""),
    tokenFile: controller.tokenFile,
    trustedPublicKeys: nix.trustedPublicKeys,
    stateDir,
    runtimeDir,
    agent: { ownPath: parts.ownPath, configFile },
    reserveBytes: reserveOf(config).storeBytes,
    onEnd: onFetchEnd,
  });
  const onTrouble = (error: unknown) => log.warn({ error }, "something beside an action could not be done");
  const own = { drain: reboot.drain?.argv ?? null, undrain: reboot.undrain?.argv ?? null };
  return { ...parts, stateDir, runtimeDir, fetchJob, leaf, ...own, onTrouble };
}

/** What a look says beside what was seen. */
function settingsOf({ config, isJournalLost }: HostOptions) {
  const { reboot } = config;
  return {
    reserve: reserveOf(config),
    drainSeconds: reboot.drain?.timeoutSeconds ?? null,
    undrainSeconds: reboot.undrain?.timeoutSeconds ?? null,
    isJournalLost,
  };
}

function reserveOf({ reserve: { storeMb, bootMb } }: AgentConfig): Reserve {
  return { storeBytes: storeMb * mebibyte, bootBytes: bootMb * mebibyte };
}
