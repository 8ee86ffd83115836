/** Wiring: the agent's long run, where control/ and host/ are joined. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Log } from "@chimera/proto/log";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { Receipt } from "@chimera/proto/signed/receipt";
import type { AgentConfig } from "../config.ts";
import type { ControlSide } from "../control/control-side.ts";
import { KnownWaves } from "../control/look/known-waves.ts";
import { checkTrustedKeys, EarlierAccepted } from "../control/trust/open-trust.ts";
import { openCredentials, passSaver } from "../host/agent/credentials.ts";
import { checkIdentity, readNodeKey, readSecret } from "../host/agent/identity.ts";
import { openProgressFile, type ProgressFile } from "../host/agent/progress-file.ts";
import { takeInstanceLock } from "../host/agent/single-instance.ts";
import { bootId, uptimeMs } from "../host/boot-clock.ts";
import { createBurstMeter } from "../host/drift/watching/burst-meter.ts";
import { createStormTeller } from "../host/drift/storm-teller.ts";
import { openHost, type HostSide } from "../host/host-side.ts";
import { journalMs, openLog } from "../host/log/open-log.ts";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { tellDeploys } from "../delivery/tell-deploys.ts";
import { openDocument, readDocument } from "../host/state/documents.ts";
import { openGrowing } from "../host/state/growing-document.ts";
import { openJournal } from "../host/state/journal-file.ts";
import { isSystem } from "../host/system-pointers.ts";
import { openControl, shareTold } from "./open-control.ts";
import { openNodeSessions, tellOfSessions } from "./open-node-sessions.ts";
import { openDrift } from "./open-drift.ts";
import { openCompared } from "./compared-system.ts";
import { joinDrift, openStoreDrift } from "./open-store-drift.ts";
import { createShared, type Shared } from "../shared.ts";
import { program, version } from "../version.ts";
import { tendRollout } from "./tend-rollout.ts";
import { wireLocal } from "./wire-local.ts";
import { wireSessionOrders } from "./wire-session-orders.ts";
import { wireLoop } from "./wire-loop.ts";

const stopMs = 5_000;
const replaced = "the active system brings another agent";

/** Throws what would keep it from running. */
export function checkConfig(config: AgentConfig): void {
  checkIdentity(config);
  checkTrustedKeys(config.trustedKeys, config.fleetId);
}

/** Runs until a signal, or until the active system brings another agent. */
export async function runAgent(config: AgentConfig, configFile: string): Promise<void> {
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

function thisBoot() {
  return { bootId: bootId(), bootedAt: new Date(Date.now() - uptimeMs()).toISOString() };
}

interface AgentNeeds {
  config: AgentConfig;
  configFile: string;
  log: Log;
  progress: ProgressFile;
}

function startAgent({ config, configFile, log, progress }: AgentNeeds): Running {
  const journalFile = openJournal(config.stateDir, log);
  const shared = createShared(journalFile.value);
  const host = openOwnHost({ config, configFile, log, progress }, shared, journalFile);
  const sessions = openNodeSessions(config, log);
  const control = connectControl({ config, log, shared, host }, sessions);
  const viewers = tellOfSessions({ config, log }, sessions, control);
  shareTold({ config, shared, told: control, isPresent: isSystem });
  control.report({ type: "agent-started", data: { version, path: host.ownPath, ...thisBoot() } });
  reportCorrupt(control, "the journal was unreadable and lies", journalFile.corrupt);
  reportStandIn(control, host.standsInFor);
  const drift = openAllDrift({ config, log, shared, host, control });
  const local = wireLocal({ config, log, shared, control });
  shared.driftSummary = () => drift.summary();
  const leaving = Promise.withResolvers<string>();
  const tend = tendRollout({ config, configFile, program, control, sessions, log });
  const tell = tellDeploys({ status: local.status, sessions, log });
  const parts = { afterPass: [tend, tell], log, shared, host, control, drift, local, progress };
  const loop = wireLoop({
    ...parts,
    keeper: control.keeper,
    save: journalFile.save,
    leave: () => leaving.resolve(replaced),
  });
  shared.wake = loop.wake;
  return {
    ended: Promise.race([leaving.promise, loop.done.then(() => "the loop ended")]),
    stop: async () => {
      for (const part of [local, viewers, sessions]) part.close();
      await Promise.all([loop.stop(), drift.stop(), sessions.drained()]);
      await host.stop();
      await control.stop();
    },
  };
}

function openOwnHost(
  { config, configFile, log, progress }: AgentNeeds,
  shared: Shared,
  journalFile: ReturnType<typeof openJournal>,
): HostSide {
  return openHost({
    config,
    configFile,
    progress,
    program,
    leaf: () => shared.leaf(),
    hasContact: () => shared.hasContact(),
    onFetchEnd: () => shared.wake(),
    journal: journalFile.value,
    isJournalLost: journalFile.value === null && journalFile.corrupt !== null,
    log: log.child({ component: "host" }),
  });
}

function reportCorrupt({ report }: ControlSide, what: string, keptAs: string | null): void {
  if (keptAs === null) return;
  report({ type: "alarm", data: { code: "file-unreadable", message: `${what} at ${keptAs}` } });
}

function reportStandIn({ report }: ControlSide, insteadOf: string | null): void {
  if (insteadOf === null) return;
  const message = `an older agent runs, because the active system's does not: ${insteadOf}`;
  report({ type: "alarm", data: { code: "activation-failed", message: message.slice(0, 2048) } });
}

/** Of /etc and of the store. After a switch only /etc has a hurry: reading the closure list costs the loop a moment. */
function openAllDrift({ config, log, shared, host, control }: ControlParts & { control: ControlSide }) {
  const { report, keeper } = control;
  const trust = keeper.state;
  const compared = openCompared({ config, shared, trust });
  const teller = createStormTeller({ report });
  const meter = createBurstMeter({ onEvent: report, log });
  const needs = { config, log, shared, report: teller.report, trust, compared, meter };
  const { ownPath } = host;
  const listeners: (() => void)[] = [];
  const onRepaired = () => {
    for (const listener of listeners) listener();
  };
  const store = openStoreDrift({ ...needs, program, ownPath, onRepaired });
  const etc = openDrift(needs, store);
  listeners.push(() => etc.noteRepaired());
  const orderEtc = shared.orderDrift;
  shared.orderDrift = (order) => {
    if (order.action.kind === "drift-resume") store.resume(order.action.path);
    return orderEtc(order);
  };
  return {
    ...etc,
    summary: () => joinDrift(etc.summary(), store),
    async stop() {
      await Promise.all([etc.stop(), store.stop()]);
      teller.stop();
    },
  };
}

interface ControlParts {
  config: AgentConfig;
  log: Log;
  shared: Shared;
  host: HostSide;
}

function connectControl({ config, log, shared, host }: ControlParts, sessions: HostSessions): ControlSide {
  const orders = wireSessionOrders(config, sessions, log);
  const { stateDir, nats, nodeKeyFile, controller } = config;
  const trust = openGrowing(join(stateDir, "trust.json"), TrustState, log);
  const control = openControl({
    config,
    log,
    shared,
    agent: { version, path: host.ownPath, startedAt: now(), bootId: bootId() },
    credentials: openCredentials(nats, log),
    savePass: passSaver(nats),
    signer: readNodeKey(nodeKeyFile),
    token: () => readSecret(controller.tokenFile),
    trust,
    // Only where there never was a newer state; it is never written again.
    earlier:
      trust.value === null && trust.corrupt === null
        ? readDocument(join(stateDir, "accepted.json"), EarlierAccepted)
        : null,
    rollout: openDocument(join(stateDir, "rollout.json"), RolloutRecord, log),
    waves: openDocument(join(stateDir, "waves.json"), KnownWaves, log),
    receipt: openDocument(join(stateDir, "receipt.json"), Receipt, log),
    health: host.health,
    hardware: host.hardware,
    sessionOrders: orders.orders,
    sessions,
    holderOf: orders.holderOf,
  });
  orders.tellTo({
    holder: (session) => control.sessionPost?.noteHolder(session),
    over: (data) => control.report({ type: "keyboard-held", data }),
  });
  reportCorrupt(control, "the accepted documents were unreadable and lie", trust.corrupt);
  return control;
}

function now(): string {
  return new Date().toISOString();
}
