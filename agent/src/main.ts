/** chimera-agent: wiring only, and the only place that joins control/ and host/. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { RolloutRecord } from "@chimera/proto/rollout";
import { Receipt } from "@chimera/proto/signed/receipt";
import { parseCommand } from "./command-line.ts";
import { parseConfig, type AgentConfig } from "./config.ts";
import type { ControlSide } from "./control/control-side.ts";
import { checkTrustedKeys, EarlierAccepted } from "./control/trust/open-trust.ts";
import { bootId } from "./host/boot-clock.ts";
import { openDocument, readDocument } from "./host/documents.ts";
import { startDrift, type DriftService } from "./host/drift-service.ts";
import { gatherHardware } from "./host/hardware-facts.ts";
import { openHost, type HostSide } from "./host/host-side.ts";
import { checkIdentity, ensureIdentity, readNodeKey, readSecret, readSeed } from "./host/identity.ts";
import { journalMs, logFailure, openLog } from "./host/open-log.ts";
import { openProgressFile, type ProgressFile } from "./host/progress-file.ts";
import { takeInstanceLock } from "./host/single-instance.ts";
import { isSystem } from "./host/system-pointers.ts";
import { isAtRest, startLoop, type Loop } from "./loop.ts";
import { committedHead, failedSystem } from "./node-facts.ts";
import { openControl, shareTold } from "./open-control.ts";
import { isSwitching, Journal, settledToplevel } from "./reconcile/journal.ts";
import { createShared, type Shared } from "./shared.ts";
import { problemAt } from "./status-document.ts";

/** Set by the bundler. */
declare const CHIMERA_VERSION: string | undefined;

/** A packaged agent is told its version by its wrapper. */
const version =
  process.env["CHIMERA_VERSION"] ?? (typeof CHIMERA_VERSION === "string" ? CHIMERA_VERSION : "development");
const program = process.argv[1] ?? "";
const stopMs = 5_000;

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  switch (command.kind) {
    case "run":
      await runAgent(parseConfig(readSecret(command.configFile), command.configFile), command.configFile);
      return;
    case "check":
      checkConfig(parseConfig(readSecret(command.configFile), command.configFile));
      return;
    case "identity":
      print(JSON.stringify(ensureIdentity(command.dir, command.node)));
      return;
    case "hardware-facts":
      print(JSON.stringify(await gatherHardware(command.node)));
      return;
    case "version":
      print(`chimera-agent ${version}`);
  }
}

function checkConfig(config: AgentConfig): void {
  checkIdentity(config);
  checkTrustedKeys(config.trustedKeys, config.fleetId);
}

function now(): string {
  return new Date().toISOString();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs until a signal, or until the active system brings another agent. */
async function runAgent(config: AgentConfig, configFile: string): Promise<void> {
  const releaseLock = takeInstanceLock(config.runtimeDir);
  const progress = openProgressFile(config.runtimeDir);
  const { log, close } = openLog({ node: config.node, version }, config.logLevel);
  process.on("uncaughtExceptionMonitor", (error) => log.error({ error }, "agent failed"));
  const signalled = new Promise<string>((resolve) => {
    // Not `once`: execa's cleanup sees no handler left then, and ends the process by the signal.
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
  });
  const agent = startAgent({ config, configFile, log, progress });
  const reason = await Promise.race([signalled, agent.ended]);
  log.info({ reason }, "agent was ended");
  await Promise.race([agent.stop(), delay(stopMs)]);
  releaseLock();
  close();
  await delay(journalMs);
}

interface Running {
  /** Why the agent leaves by itself; rejects for a bug in the loop. */
  ended: Promise<string>;
  stop: () => Promise<void>;
}

interface AgentNeeds {
  config: AgentConfig;
  configFile: string;
  log: Log;
  progress: ProgressFile;
}

function startAgent({ config, configFile, log, progress }: AgentNeeds): Running {
  const journalFile = openDocument(join(config.stateDir, "journal.json"), Journal, log);
  const shared = createShared(journalFile.value);
  const host = openHost({
    config,
    configFile,
    progress,
    program,
    leaf: () => shared.leaf(),
    onFetchEnd: () => shared.wake(),
    log: log.child({ component: "host" }),
  });
  const control = connectControl({ config, log, shared, host });
  shareTold({ config, shared, told: control, isPresent: isSystem });
  control.report({ type: "agent-started", data: { version, path: host.ownPath } });
  reportCorrupt(control, "the journal was unreadable and lies", journalFile.corrupt);
  const parts = { config, log, shared, host, control };
  const drift = openDrift(parts);
  shared.driftSummary = () => drift.summary();
  const leaving = Promise.withResolvers<string>();
  const leave = () => leaving.resolve("the active system brings another agent");
  const loop = openLoop({ ...parts, progress, save: journalFile.save, drift, leave });
  shared.wake = loop.wake;
  return {
    ended: Promise.race([leaving.promise, loop.done.then(() => "the loop ended")]),
    stop: async () => {
      await Promise.all([loop.stop(), drift.stop()]);
      host.stop();
      await control.stop();
    },
  };
}

function reportCorrupt({ report }: ControlSide, what: string, keptAs: string | null): void {
  if (keptAs === null) return;
  report({ type: "alarm", data: { code: "file-unreadable", message: `${what} at ${keptAs}` } });
}

interface AgentParts extends ControlParts {
  control: ControlSide;
}

function openDrift({ config, log, shared, control }: AgentParts): DriftService {
  return startDrift({
    toplevel: () => settledToplevel(shared.journal),
    mode: config.drift.mode,
    isHeld: () => shared.isDriftHeld(),
    ignore: config.drift.ignore,
    isSwitching: () => isSwitching(shared.journal),
    sweepMs: config.drift.sweepSeconds * 1000,
    onEvent: control.report,
    log: log.child({ component: "drift" }),
    stateDir: config.stateDir,
  });
}

interface LoopNeeds extends AgentParts {
  progress: ProgressFile;
  save: (journal: Journal) => void;
  drift: DriftService;
  leave: () => void;
}

function openLoop({ log, shared, host, control, ...rest }: LoopNeeds): Loop {
  const { keeper } = control;
  const { progress, save, drift, leave } = rest;
  const show = () => {
    progress.touch();
    control.noteChange();
  };
  return startLoop({
    journal: shared.journal,
    desired: () => shared.desired(),
    observe: async (needs) => {
      const contact = needs.contact ? await control.hasContact() : null;
      return { ...(await host.observe(needs)), contact };
    },
    perform: host.perform,
    saveJournal: (journal) => {
      const failed = failedSystem(shared.journal, journal);
      // Before the journal: should the agent die in between, it judges, and says so, again.
      if (failed !== null) keeper.noteFailed(failed.toplevel, { reason: failed.reason, at: now() });
      save(journal);
      const moved = shared.journal?.step !== journal.step;
      // Before the action: drift must know that an activation begins, and what it is compared with afterwards.
      shared.journal = journal;
      if (moved && journal.step === "probation") void drift.sweepNow();
    },
    onEvent: control.report,
    onPass: (pass) => {
      [shared.pass, shared.passProblem] = [pass, null];
      const proven = committedHead(pass.journal);
      if (proven !== null) keeper.noteCommitted(proven, pass.observed.at);
      show();
      if (isAtRest(pass) && host.isReplaced()) leave();
    },
    onBroken: (error) => {
      shared.passProblem = problemAt(now(), error);
      show();
    },
    log: log.child({ component: "loop" }),
  });
}

interface ControlParts {
  config: AgentConfig;
  log: Log;
  shared: Shared;
  host: HostSide;
}

function connectControl({ config, log, shared, host }: ControlParts): ControlSide {
  const { stateDir, nats, nodeKeyFile, controller } = config;
  const trust = openDocument(join(stateDir, "trust.json"), TrustState, log);
  const control = openControl({
    config,
    log,
    shared,
    agent: { version, path: host.ownPath, startedAt: now(), bootId: bootId() },
    nkey: readSeed(nats.seedFile),
    signer: readNodeKey(nodeKeyFile),
    token: () => readSecret(controller.tokenFile),
    trust,
    // Only where there never was a newer state; it is never written again.
    earlier:
      trust.value === null && trust.corrupt === null
        ? readDocument(join(stateDir, "accepted.json"), EarlierAccepted)
        : null,
    rollout: openDocument(join(stateDir, "rollout.json"), RolloutRecord, log),
    receipt: openDocument(join(stateDir, "receipt.json"), Receipt, log),
    health: host.health,
    hardware: host.hardware,
  });
  reportCorrupt(control, "the accepted documents were unreadable and lie", trust.corrupt);
  return control;
}

main().then(
  () => process.exit(0),
  async (error: unknown) => {
    process.stderr.write(`chimera-agent: ${errorChain(error)}\n`);
    if (process.argv[2] === "run") await logFailure(error);
    process.exit(error instanceof ChimeraError ? errorCodes[error.code].exit : 70);
  },
);
