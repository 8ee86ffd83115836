/** PURE. The next key set, and the controller's word of freshness, as a node takes them. */
import { sha256 } from "../signed/canonical.ts";
import { payloadOf, type Envelope } from "../signed/envelope.ts";
import { openFresh, type Fresh } from "../signed/fresh.ts";
import { judgeKeySet, roleKeys, type KeySet } from "../signed/key-set.ts";
import { publicKeyBytes } from "../signed/keys.ts";
import type { TrustState } from "./trust-state.ts";
import { isNewer, refused, refusedBy, type Bench, type Verdict } from "./verdict.ts";

/** Root's own way out of whatever was signed for a far future: else a hold of then could never be released. */
const noFloors = { clockFloor: null, ordersFloor: null, holdChangedAt: null } as const;

export function acceptKeySet({ state, keys }: Bench, envelope: Envelope): Verdict {
  const verdict = judgeKeySet(keys, envelope);
  if (verdict.kind === "known") return { kind: "known" };
  if (verdict.kind === "refuse") return refused(verdict.code, verdict.reason);
  const { opened } = verdict;
  const isReset = opened.set.epoch > keys.set.epoch;
  const next: TrustState = {
    ...state,
    ...(isReset ? noFloors : {}),
    // Of keys that count no more nothing can come again: nobody who once had them can fill this memory for ever.
    ...(keepsOrderKey(keys.set, opened.set) ? {} : { nonces: [], ordersFloor: null, holdChangedAt: null }),
    keys: envelope,
    // A word of an online key that is replaced counts no more: a stolen one could have said anything.
    fresh: null,
  };
  return { kind: "accepted", state: next, id: opened.id, signedBy: opened.signedBy };
}

function keepsOrderKey(before: KeySet, after: KeySet): boolean {
  const known = new Set(before.roles.order.keys.map((key) => publicKeyBytes(key).toString("hex")));
  return after.roles.order.keys.some((key) => known.has(publicKeyBytes(key).toString("hex")));
}

export function acceptFresh({ state, keys }: Bench, envelope: Envelope): Verdict {
  let opened: { fresh: Fresh; signedBy: string[] };
  try {
    opened = openFresh(envelope, roleKeys(keys.set, "fresh"));
  } catch (error) {
    return refusedBy(error);
  }
  const { fresh, signedBy } = opened;
  if (fresh.fleetId !== state.fleetId) {
    return refused("fleet-mismatch", `fresh is for fleet ${fresh.fleetId}`, signedBy);
  }
  if (fresh.at === state.fresh?.at) return { kind: "known" };
  if (!isNewer(fresh, state.fresh)) {
    return refused("order-stale", `fresh of ${fresh.at} is older than ${state.fresh?.at ?? ""}`, signedBy);
  }
  const next = { ...fresh, ...longestAudit(state.fresh, fresh) };
  return {
    kind: "accepted",
    state: { ...state, fresh: next },
    id: sha256(payloadOf(envelope, "fresh")),
    signedBy,
  };
}

/** A log that has become shorter was cut off: whoever asks this node must hear of the longer one. */
function longestAudit(before: Fresh | null, { audit }: Fresh): Pick<Fresh, "audit"> {
  const kept = before?.audit;
  const longest = kept !== undefined && kept.size > (audit?.size ?? 0) ? kept : audit;
  return longest === undefined ? {} : { audit: longest };
}
