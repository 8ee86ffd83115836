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
import { keepWorld } from "../world-copy.ts";
import { nextHead } from "./next-head.ts";
import { prepareWayBack } from "./prepare-way-back.ts";
import { storeHead } from "./store-head.ts";

export interface WantedHead {
  leaves: readonly Leaf[];
  mode: Head["mode"];
  policy: HeadPolicy;
  /** The lists that the policy's waves name. */
  waves?: readonly WaveList[];
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
    fleetId: context.fleetId,
    keySet: keys.newest.set,
    current,
    nodes: operator.nodes,
    author: author(io),
    nowMs: io.nowMs(),
  });
  warnOfGap(io, operator, head);
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
  return { kind: "published", ...sent };
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
