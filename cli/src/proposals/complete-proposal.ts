/** SHELL. Publishes what has all its signatures, each kind where it belongs. */
import { requireSigners } from "@chimera/proto/signed/envelope";
import { rememberPanic } from "../fleet/fleet-memory.ts";
import { release } from "../fleet/head/publish-head.ts";
import { storeKeySet } from "../fleet/keys/sign-key-set.ts";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { sendOrder } from "../order/send-order.ts";
import { storeQuarantine } from "../order/store-quarantine.ts";
import { askLead } from "../rollout/ask-lead.ts";
import type { OpenedProposal } from "./open-proposal.ts";

export async function completeProposal(
  io: Io,
  observer: Observer,
  { proposal: { proposed, envelope }, json }: { proposal: OpenedProposal; json: boolean },
): Promise<void> {
  const { api, context, keys } = observer;
  switch (proposed.kind) {
    case "keys":
      return storeKeySet(io, observer, envelope);
    case "head":
      return release(io, observer, envelope);
    case "panic":
      requireSigners(envelope, { kind: "panic", role: keys.newest.set.roles.panic });
      await api.putPanic(envelope);
      return rememberPanic(io, context.fleetId, envelope);
    case "order":
      if (proposed.document.action.kind === "quarantine") return storeQuarantine(io, observer, envelope);
      if (proposed.document.action.kind === "rollout") return askLead(io, observer, { envelope, json });
      return sendOrder(io, observer, { envelope, json });
  }
}
