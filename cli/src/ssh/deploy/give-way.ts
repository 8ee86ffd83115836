/** SHELL. This operator's copy after another document was first: the head that was signed here no node has, so nothing is built on it. */
import type { NodeReport } from "@chimera/proto/delivery";
import { comparePlace } from "@chimera/proto/signed/place";
import { putBackHead } from "../../fleet/operator-copy.ts";
import { removeUnstored, writeUnstored } from "../../fleet/unstored-mark.ts";
import type { VerifiedHead } from "../../fleet/verify-documents.ts";
import type { Io } from "../../io.ts";
import { knownFleet } from "../fleet/known-fleet.ts";
import type { SshObserver } from "../fleet/ssh-observer.ts";
import type { SignedHead } from "./sign-head.ts";

/** `report`: of the node that has another one. */
export async function giveWay(
  io: Io,
  { context: { fleetId }, known, trust }: Pick<SshObserver, "context" | "known" | "trust">,
  { signed, report }: { signed: SignedHead; report: NodeReport | null },
): Promise<void> {
  const theirs = report === null ? null : knownFleet([report], trust, io.nowMs()).head;
  const isFirst = theirs !== null && comparePlace(theirs.head, signed.head) >= 0;
  const instead = isFirst ? theirs : known.head;
  await putBackHead(io, fleetId, { refused: signed.envelope, instead: instead?.envelope ?? null });
  if (instead !== null && isUnstored(instead, signed)) await writeUnstored(io, fleetId, instead.id);
  else await removeUnstored(io, fleetId);
}

/** Each follows what the store has: two that follow the same one are both unknown to it. */
function isUnstored({ head: { previous } }: VerifiedHead, { head }: SignedHead): boolean {
  return previous === head.previous;
}
