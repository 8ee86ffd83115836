/**
 * Wiring. Benchmarks only: the whole control side of an agent (connection, wake-up, acceptance, state on disk, receipts, outbox,
 * telemetry) of one node, with no machine below it: nothing is activated, so its receipts say that it has heard.
 */
import { join } from "node:path";
import { accept } from "@chimera/proto/acceptance/accept";
import { initialTrust, markCommitted, type TrustState } from "@chimera/proto/acceptance/trust-state";
import { ChimeraError } from "@chimera/proto/errors";
import type { HealthSample } from "@chimera/proto/health";
import type { Log } from "@chimera/proto/log";
import type { NodeName } from "@chimera/proto/names";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf } from "@chimera/proto/signed/envelope";
import { parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import { openConnection, type Credentials } from "../control/connection.ts";
import { startControl, type ControlSide } from "../control/control-side.ts";
import { outboxName } from "../control/keep-events.ts";
import type { Told } from "../control/open-documents.ts";
import { openTrust } from "../control/trust/open-trust.ts";
import { composeReceiptFacts } from "../desired/node-facts.ts";
import { composeStatus } from "../status-document.ts";
import type { CrowdMember, CrowdPlan } from "./crowd-plan.ts";
import { openStateFolder } from "./state-folder.ts";

const freshSeconds = 3600;
const echo = "e".repeat(900);

export interface CrowdAgent {
  close: () => Promise<void>;
}

export function startMember(plan: CrowdPlan, member: CrowdMember, log: Log): CrowdAgent {
  return plan.mode === "echo" ? startEcho(plan, member, log) : startSimulated(plan, member, log);
}

function startEcho({ servers, fleetId }: CrowdPlan, { node, seed }: CrowdMember, log: Log): CrowdAgent {
  const ack = subjects.ack(fleetId, node);
  const credentials = credentialsOf(seed);
  const inboxPrefix = subjects.inboxPrefix(node);
  const onConnected = () => {
    connection.publish(ack, echo);
  };
  const connection = openConnection({ servers, name: node, credentials, inboxPrefix, log, onConnected });
  connection.subscribe(subjects.desired("panic", fleetId), () => {
    connection.publish(ack, echo);
  });
  return connection;
}

function startSimulated(
  plan: CrowdPlan,
  { node, seed, secretKey, proof }: CrowdMember,
  log: Log,
): CrowdAgent {
  const { fleetId, servers, trustedKeys } = plan;
  const signer = parseSecretKey(secretKey);
  const identity = { node, nodeKey: signer.publicKey };
  const folder = join(plan.folder, node);
  const { trust, receipt } = openStateFolder(folder, log);
  // As it was parsed from disk, like after a start.
  trust.save(trust.value ?? settled(plan, { node, signer, proof }));
  const stored = openStateFolder(folder, log).trust.value;
  const control = startControl({
    node,
    fleetId,
    servers,
    credentials: credentialsOf(seed),
    signer,
    controllerUrl: "http://127.0.0.1:1",
    token: () => "",
    outboxFile: join(folder, outboxName),
    trust: openTrust({ stored, earlier: null, trustedKeys, fleetId, identity, floor: null }),
    floor: null,
    freshSeconds,
    saveTrust: trust.save,
    rollout: { value: null, save: () => undefined },
    waves: { value: null, save: () => undefined },
    receipt,
    status: (told) => statusOf(plan, node, told),
    isBack: () => false,
    receiptFacts: (keeper) => composeReceiptFacts(keeper.state(), null, null),
    health: () => ({ ...atRest, node, at: new Date().toISOString() }),
    hardware: () => Promise.reject(new ChimeraError("not-found", "a simulated agent has no machine")),
    onJudged: () => undefined,
    onOrder: () => null,
    sessionOrders: null,
    log,
  });
  return { close: () => endOf(control) };
}

function endOf(control: ControlSide): Promise<void> {
  return control.stop();
}

/** As a node that runs the world of the plan's head: by the rules that count everywhere. */
function settled(
  { fleetId, trustedKeys, head }: CrowdPlan,
  { node, signer, proof }: { node: NodeName; signer: Signer; proof: CrowdMember["proof"] },
): TrustState {
  const judge = { node, nodeKey: signer.publicKey, nowMs: Date.now(), freshSeconds };
  const verdict = accept(initialTrust(trustedKeys, fleetId), { kind: "head", envelope: head, proof }, judge);
  if (verdict.kind !== "accepted") {
    throw new ChimeraError(
      "input-invalid",
      `node ${node} does not take the plan's head: ${JSON.stringify(verdict)}`,
    );
  }
  return markCommitted(verdict.state, sha256(payloadOf(head, "head")), new Date().toISOString());
}

function statusOf({ fleetId }: CrowdPlan, node: NodeName, told: Told) {
  const set = told.keeper.keySet();
  return composeStatus({
    node,
    fleetId,
    at: new Date().toISOString(),
    agent: { version: "crowd", path: null, startedAt: "2026-01-01T00:00:00.000Z", bootId: "crowd" },
    trust: told.keeper.state(),
    local: { v: 1, order: null, hold: null },
    keys: set === null ? null : { version: set.version, epoch: set.epoch },
    rollout: told.rollout(),
    receipt: told.receipt(),
    wanted: told.keeper.leaf()?.toplevel ?? null,
    problems: told.problems(),
    drift: { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 },
    pass: null,
  });
}

const atRest: Omit<HealthSample, "node" | "at"> = {
  v: 1,
  uptimeSeconds: 1,
  load1: 0,
  memoryTotalBytes: 1,
  memoryAvailableBytes: 1,
  storeTotalBytes: 1,
  storeFreeBytes: 1,
  systemState: "running",
  failedUnits: [],
};

function credentialsOf(seed: string): () => Credentials {
  const nkey = parseNkeySeed(seed);
  return () => ({ nkey, pass: null });
}
