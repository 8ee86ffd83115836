/**
 * SHELL. The next head, signed by the keys at hand, and kept in this operator's copy before any node sees it: its serial is never
 * given again, even if this command dies now.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { signersOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { Head, HeadPolicy } from "@chimera/proto/signed/head";
import { author } from "../../author.ts";
import { rememberHead } from "../../fleet/fleet-memory.ts";
import { nextHead } from "../../fleet/head/next-head.ts";
import type { Plan } from "../../fleet/head/plan.ts";
import { keepWayBack } from "../../fleet/head/prepare-way-back.ts";
import { writeUnstored } from "../../fleet/unstored-mark.ts";
import { keepWorld } from "../../fleet/world-copy.ts";
import type { Io } from "../../io.ts";
import { signDocument } from "../../signers/remote-signer.ts";
import { roleSigners } from "../../signers/role-signers.ts";
import { signFresh } from "./sign-fresh.ts";
import type { SshObserver } from "../fleet/ssh-observer.ts";
import { typedFile } from "../ssh-options.ts";

export interface SignedHead {
  head: Head;
  id: Digest;
  envelope: Envelope;
  /** A word of freshness that goes along; null where no key for it was named. */
  fresh: Envelope | null;
}

export interface WantedHead {
  plan: Plan;
  policy: HeadPolicy;
  reason: string;
  expires: number;
  freshKey?: string | undefined;
}

/** Throws signatures-missing where the keys at hand are not enough: nobody else can add his through ssh. */
export async function signHead(io: Io, observer: SshObserver, wanted: WantedHead): Promise<SignedHead> {
  const { context, keys, known, views } = observer;
  const { set } = keys.newest;
  const { world, leaves } = wanted.plan;
  const head = nextHead({
    fleetId: context.fleetId,
    keySet: set,
    current: known,
    nodes: views,
    leaves,
    mode: "deploy",
    policy: wanted.policy,
    reason: wanted.reason,
    author: author(io),
    expiresHours: wanted.expires,
    nowMs: io.nowMs(),
  });
  const payload = Buffer.from(JSON.stringify(head));
  const id = sha256(payload);
  const signers = await roleSigners(io, context, { role: "publish", keys: set.roles.publish });
  const envelope = await signDocument("head", payload, signers);
  requireThreshold(envelope, set.roles.publish);
  const fresh = await signFresh(typedFile(io, wanted.freshKey), { keySet: set, head, id, nowMs: io.nowMs() });
  await keepWorld(io, context.fleetId, { id: world, leaves });
  // The mark first: a head that is kept without it would be taken for one that the store has.
  await writeUnstored(io, context.fleetId, id);
  await rememberHead(io, context.fleetId, envelope);
  await keepWayBack(io, observer, envelope);
  return { head, id, envelope, fresh };
}

function requireThreshold(
  envelope: Envelope,
  role: { keys: Parameters<typeof signersOf>[1]["role"]["keys"]; threshold: number },
): void {
  const signed = signersOf(envelope, { kind: "head", role }).length;
  if (signed >= role.threshold) return;
  throw new ChimeraError(
    "signatures-missing",
    `${signed} of ${role.threshold} keys that sign heads are at hand: with --over ssh all of them must be on this machine`,
  );
}
