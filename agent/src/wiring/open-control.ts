/** Wiring: the control side, with what the node keeps on disk, and what it says of itself. */
import { join } from "node:path";
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { HealthSample } from "@chimera/proto/health";
import type { Hardware } from "@chimera/proto/hardware";
import type { Log } from "@chimera/proto/log";
import type { StorePath } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Signer } from "@chimera/proto/signed/keys";
import type { Receipt } from "@chimera/proto/signed/receipt";
import type { SessionFacts, SessionName } from "@chimera/proto/sessions/session";
import type { NodeStatus } from "@chimera/proto/status";
import type { AgentConfig } from "../config.ts";
import type { Credentials } from "../control/connection.ts";
import { outboxName } from "../control/keep-events.ts";
import { startControl, type ControlSide } from "../control/control-side.ts";
import type { KnownWaves } from "../control/look/known-waves.ts";
import type { Kept, Told } from "../control/open-documents.ts";
import type { SessionOrders } from "../control/sessions/session-orders.ts";
import { openTrust, type EarlierAccepted } from "../control/trust/open-trust.ts";
import { composeDesired, effectivePlace, hasBegunBack, signedToplevel } from "../desired/desired-system.ts";
import { exceptionsOf } from "../desired/drift-exceptions.ts";
import { wholeHold } from "../desired/holds.ts";
import { composeReceiptFacts } from "../desired/node-facts.ts";
import type { SessionsToWatch } from "../sessions/sessions.ts";
import type { Shared } from "../shared.ts";
import { composeStatus } from "../status-document.ts";

export interface ControlNeeds {
  config: AgentConfig;
  log: Log;
  shared: Shared;
  agent: NodeStatus["agent"];
  credentials: () => Credentials;
  savePass: ((pass: string) => void) | null;
  signer: Signer;
  token: () => string;
  trust: Kept<TrustState>;
  earlier: EarlierAccepted | null;
  rollout: Kept<RolloutRecord>;
  waves: Kept<KnownWaves>;
  receipt: Kept<Receipt>;
  health: () => HealthSample;
  hardware: () => Promise<Hardware>;
  sessionOrders: SessionOrders | null;
  sessions: SessionsToWatch;
  holderOf: (session: SessionName) => SessionFacts["keyboard"];
}

export function openControl(needs: ControlNeeds): ControlSide {
  const { config, log, shared, signer, trust, earlier } = needs;
  const { node, fleetId, stateDir, freshSeconds, trustedKeys } = config;
  const identity = { node, nodeKey: signer.publicKey };
  const floor = shared.journal?.order ?? null;
  return startControl({
    node,
    fleetId,
    servers: config.nats.servers,
    credentials: needs.credentials,
    pass: needs.savePass === null ? undefined : { save: needs.savePass },
    signer,
    controllerUrl: config.controller.url.replace(/\/+$/, ""),
    token: needs.token,
    outboxFile: join(stateDir, outboxName),
    trust: openTrust({ stored: trust.value, earlier, trustedKeys, fleetId, identity, floor }),
    floor,
    freshSeconds,
    saveTrust: trust.save,
    rollout: needs.rollout,
    waves: needs.waves,
    receipt: needs.receipt,
    isBack: (head) => hasBegunBack(shared.journal, head),
    status: (told) => statusOf(needs, told),
    receiptFacts: (keeper) => composeReceiptFacts(keeper.state(), shared.desired(), shared.pass),
    health: needs.health,
    hardware: needs.hardware,
    onJudged: () => shared.wake(),
    onOrder: (order) => shared.orderDrift(order),
    sessionOrders: needs.sessionOrders,
    sessions: { sessions: needs.sessions, holderOf: needs.holderOf },
    log,
  });
}

/** What the accepted documents want, for the parts that act on it. */
export function shareTold({ config, shared, told, isPresent }: Sharing): void {
  const { keeper, rollout } = told;
  shared.leaf = keeper.leaf;
  shared.waves = told.waves;
  const input = () => ({
    state: keeper.state(),
    leaf: keeper.leaf(),
    rollout: rollout(),
    waves: shared.waves(),
    journal: shared.journal,
    local: shared.local(),
    isPresent,
    nowMs: Date.now(),
  });
  shared.place = () => effectivePlace(input());
  shared.desired = () => composeDesired(input(), config);
  shared.signedToplevel = () => signedToplevel(input(), config);
  shared.hasContact = told.hasContact;
  shared.isDriftHeld = () =>
    wholeHold({ state: keeper.state(), local: shared.local(), nowMs: Date.now() })?.drift === true;
}

interface Sharing {
  config: AgentConfig;
  shared: Shared;
  told: Told & Pick<ControlSide, "hasContact">;
  isPresent: (toplevel: StorePath) => boolean;
}

function statusOf({ config, shared, agent }: ControlNeeds, told: Told): NodeStatus {
  const keySet = told.keeper.keySet();
  return composeStatus({
    node: config.node,
    fleetId: config.fleetId,
    agent,
    at: new Date().toISOString(),
    trust: told.keeper.state(),
    local: shared.local(),
    keys: keySet === null ? null : { version: keySet.version, epoch: keySet.epoch },
    rollout: told.rollout(),
    receipt: told.receipt(),
    wanted: shared.signedToplevel(),
    problems: [...told.problems(), shared.passProblem],
    drift: { ...shared.driftSummary(), exceptions: exceptionsOf(told.keeper.state(), Date.now()) },
    pass: shared.pass,
  });
}
