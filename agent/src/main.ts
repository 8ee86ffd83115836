/** chimera-agent: wiring only, and the only place that joins control/ and host/. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { parseCommand } from "./command-line.ts";
import { parseConfig, type AgentConfig } from "./config.ts";
import { AcceptedHead } from "./control/accepted.ts";
import { startControl, type ControlSide } from "./control/control-side.ts";
import { composeDesired } from "./desired-system.ts";
import { bootId } from "./host/boot-clock.ts";
import { openDocument } from "./host/documents.ts";
import { startDrift, type DriftService } from "./host/drift-service.ts";
import { gatherHardware } from "./host/hardware-facts.ts";
import { openHost, type HostSide } from "./host/host-side.ts";
import { checkIdentity, ensureIdentity, readNodeKey, readSecret, readSeed } from "./host/identity.ts";
import { journalMs, logFailure, openLog } from "./host/open-log.ts";
import { openProgressFile, type ProgressFile } from "./host/progress-file.ts";
import { takeInstanceLock } from "./host/single-instance.ts";
import { isAtRest, startLoop, type Loop } from "./loop.ts";
import { isSwitching, Journal, orderFloor, settledToplevel } from "./reconcile/journal.ts";
import { createShared, type Shared } from "./shared.ts";
import { composeStatus, problemAt } from "./status-document.ts";

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
      checkIdentity(parseConfig(readSecret(command.configFile), command.configFile));
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
  const control = openControl({ config, log, shared, host });
  shared.leaf = control.acceptance.leaf;
  reportStart(control, host, journalFile.corrupt);
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

function reportStart({ report }: ControlSide, { ownPath }: HostSide, corruptJournal: string | null): void {
  report({ type: "agent-started", data: { version, path: ownPath } });
  if (corruptJournal === null) return;
  const message = `the journal was unreadable and lies at ${corruptJournal}`;
  report({ type: "alarm", data: { code: "file-unreadable", message } });
}

interface AgentParts extends ControlParts {
  control: ControlSide;
}

function openDrift({ config, log, shared, control }: AgentParts): DriftService {
  return startDrift({
    toplevel: () => settledToplevel(shared.journal),
    mode: config.drift.mode,
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

function openLoop({ config, log, shared, host, control, ...rest }: LoopNeeds): Loop {
  const { acceptance } = control;
  const { progress, save, drift, leave } = rest;
  const show = () => {
    progress.touch();
    control.noteChange();
  };
  return startLoop({
    journal: shared.journal,
    desired: () => composeDesired(acceptance.accepted(), acceptance.leaf(), config),
    observe: async (needs) => {
      const contact = needs.contact ? await control.hasContact() : null;
      return { ...(await host.observe(needs)), contact };
    },
    perform: host.perform,
    saveJournal: (journal) => {
      save(journal);
      const moved = shared.journal?.step !== journal.step;
      // Before the action: drift must know that an activation begins, and what it is compared with afterwards.
      shared.journal = journal;
      if (moved && journal.step === "probation") void drift.sweepNow();
    },
    onEvent: control.report,
    onPass: (pass) => {
      [shared.pass, shared.passProblem] = [pass, null];
      show();
      if (isAtRest(pass) && host.isReplaced()) leave();
    },
    onBroken: (error) => {
      shared.passProblem = problemAt(new Date().toISOString(), error);
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

function openControl({ config, log, shared, host }: ControlParts): ControlSide {
  const { node, fleetId, stateDir, controller } = config;
  const acceptedFile = openDocument(join(stateDir, "accepted.json"), AcceptedHead, log);
  const agent = { version, path: host.ownPath, startedAt: new Date().toISOString(), bootId: bootId() };
  return startControl({
    node,
    fleetId,
    servers: config.nats.servers,
    nkey: readSeed(config.nats.seedFile),
    signer: readNodeKey(config.nodeKeyFile),
    controllerUrl: controller.url.replace(/\/+$/, ""),
    token: () => readSecret(controller.tokenFile),
    publish: config.trust.publish,
    outboxFile: join(stateDir, "outbox.jsonl"),
    accepted: acceptedFile.value,
    floor: orderFloor(shared.journal),
    saveAccepted: acceptedFile.save,
    status: (acceptance) =>
      composeStatus({
        node,
        fleetId,
        agent,
        at: new Date().toISOString(),
        accepted: acceptance.accepted(),
        wanted: acceptance.leaf()?.toplevel ?? null,
        problems: [acceptance.problem(), shared.passProblem],
        drift: shared.driftSummary(),
        pass: shared.pass,
      }),
    health: host.health,
    hardware: host.hardware,
    onJudged: () => shared.wake(),
    log,
  });
}

main().then(
  () => process.exit(0),
  async (error: unknown) => {
    process.stderr.write(`chimera-agent: ${errorChain(error)}\n`);
    if (process.argv[2] === "run") await logFailure(error);
    process.exit(error instanceof ChimeraError ? errorCodes[error.code].exit : 70);
  },
);
