/** SHELL. Signs a head with the keys at hand; stores it when they are enough, else proposes it to whoever has the others. */
import type { NodeView } from "@chimera/proto/api";
import type { Digest } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { signersOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { Head, HeadPolicy } from "@chimera/proto/signed/head";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { Leaf } from "@chimera/proto/signed/world";
import { author } from "../../author.ts";
import type { Io } from "../../io.ts";
import { signDocument } from "../../signers/remote-signer.ts";
import type { Operator } from "../operator.ts";
import { newestOf } from "../newest-document.ts";
import { keepWaves } from "../wave-copy.ts";
import { keepWorld } from "../world-copy.ts";
import { consentEndMs, consentLines, type Consent } from "./consent.ts";
import { consentSubject, nextHead, worldBefore } from "./next-head.ts";
import { prepareWayBack } from "./prepare-way-back.ts";
import { storeHead } from "./store-head.ts";

export interface WantedHead {
  leaves: readonly Leaf[];
  mode: Head["mode"];
  policy: HeadPolicy;
  /** The lists that the policy's waves name. */
  waves?: readonly WaveList[];
  consent?: Consent | undefined;
  reason: string;
  expiresHours: number;
  /** Not stored even where the keys at hand would be enough. */
  propose: boolean;
}

export interface SentHead {
  kind: "published" | "proposed";
  head: Head;
  id: Digest;
  /** Keys that have signed, of as many as are needed. */
  signedBy: string[];
  threshold: number;
  /** What the nodes said right before: a problem that is in there is not about this head. */
  nodesBefore: NodeView[];
}

/** The world first: a head whose world nobody can fetch would stop every node. */
export async function publishHead(io: Io, operator: Operator, wanted: WantedHead): Promise<SentHead> {
  const { api, context, keys, current, signers } = operator;
  const head = nextHead({
    ...wanted,
    isProposed: isProposed(operator, wanted),
    fleetId: context.fleetId,
    keySet: keys.newest.set,
    current,
    nodes: operator.nodes,
    author: author(io),
    nowMs: io.nowMs(),
  });
  warnOfGap(io, operator, head);
  for (const line of plannedConsent(io, operator, wanted).lines) io.err(`chimera: ${line}\n`);
  const payload = Buffer.from(JSON.stringify(head));
  const envelope = await signDocument("head", payload, signers);
  const [nodesBefore] = await Promise.all([
    api.nodes(),
    api.putWorld(head.world, { v: 1, leaves: [...wanted.leaves] }),
    ...(wanted.waves ?? []).map((list) => api.putWave(list)),
  ]);
  const { publish } = keys.newest.set.roles;
  const signedBy = signersOf(envelope, { kind: "head", role: publish });
  const sent = { head, id: sha256(payload), signedBy, threshold: publish.threshold, nodesBefore };
  if (wanted.propose || signedBy.length < publish.threshold) {
    await api.putProposal(sent.id, envelope);
    return { kind: "proposed", ...sent };
  }
  await release(io, operator, envelope);
  await keepWorld(io, context.fleetId, { id: head.world, leaves: wanted.leaves });
  if (wanted.waves !== undefined) await keepWaves(io, context.fleetId, wanted.waves);
  return { kind: "published", ...sent };
}

export interface PlannedConsent {
  /** Null: nobody goes back by itself. */
  until: string | null;
  lines: string[];
}

/** What a head of these wishes would consent to. */
export function plannedConsent(
  io: Io,
  operator: Pick<Operator, "current" | "signers" | "keys">,
  wanted: Pick<WantedHead, "leaves" | "policy" | "consent" | "expiresHours" | "propose">,
): PlannedConsent {
  const subject = consentSubject({
    ...wanted,
    isProposed: isProposed(operator, wanted),
    nowMs: io.nowMs(),
  });
  const untilMs = consentEndMs(subject, worldBefore({ current: operator.current, leaves: wanted.leaves }));
  const until = untilMs === null ? null : new Date(untilMs).toISOString();
  return { until, lines: consentLines(subject, untilMs) };
}

function isProposed(
  { signers, keys }: Pick<Operator, "signers" | "keys">,
  { propose }: Pick<WantedHead, "propose">,
): boolean {
  return propose || signers.length < keys.newest.set.roles.publish.threshold;
}

/** Heads that only nodes know of were published by somebody: this one undoes them. */
function warnOfGap(io: Io, { current }: Pick<Operator, "current">, { serial, epoch }: Head): void {
  const newest = newestOf(current)?.place;
  if (newest === undefined || newest.epoch !== epoch || serial <= newest.serial + 1) return;
  io.err(
    `chimera: nodes report head ${serial - 1}, the newest one known here is ${newest.serial}: this one, ${serial}, does not know what was between them\n`,
  );
}

/** Stores a head that has all its signatures, and the signed way back from it. */
export async function release(
  io: Io,
  observer: Pick<Operator, "api" | "context" | "current" | "keys">,
  envelope: Envelope,
): Promise<void> {
  await storeHead(io, observer, envelope);
  await prepareWayBack(io, observer, envelope);
}
