/** PURE. What an operator asks of a lead, as its judgement takes it. */
import { openAsk } from "@chimera/proto/rollout/rollout-ask";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Ask } from "../../rollout/lead-sight.ts";

/** Throws ChimeraError for one that was not signed for this rollout, or counts no more. */
export function askIn(envelope: Envelope, context: Parameters<typeof openAsk>[1]): Ask {
  const { nonce, createdAt, author, reason, action } = openAsk(envelope, context).order;
  return { nonce, createdAt, kind: action.ask, author, reason };
}
