/** SHELL. What a proposal is judged against, verified. */
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf } from "@chimera/proto/signed/envelope";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { currentQuarantine } from "../order/current-quarantine.ts";
import type { Surroundings } from "./overtaken.ts";

export async function surroundingsOf(io: Io, observer: Observer): Promise<Surroundings> {
  const { api, context, keys, current } = observer;
  const [{ orders }, quarantine] = await Promise.all([api.orders(), currentQuarantine(io, observer)]);
  return {
    fleetId: context.fleetId,
    keys,
    current,
    orders: new Set([
      ...orders.map((envelope) => sha256(payloadOf(envelope, "order"))),
      ...(quarantine === null ? [] : [quarantine.id]),
    ]),
    quarantine: quarantine?.list ?? null,
    nowMs: io.nowMs(),
  };
}
