/** SHELL. Asks the lead of a rollout, and waits for its answer: the record that names the order's nonce. */
import { ChimeraError } from "@chimera/proto/errors";
import { openOrder, type Order } from "@chimera/proto/signed/order";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { printableJson, printableLine } from "../print/printable.ts";

/** A lead that dies is followed by another one within 20 s. */
const answerMs = 30_000;
const pollMs = 200;

type Asker = Pick<Observer, "api" | "keys">;

/** Throws deadline-exceeded when no lead has answered: the order stays until it expires; rollout-failed when it did otherwise. */
export async function askLead(
  io: Io,
  { api, keys }: Asker,
  { envelope, json }: { envelope: Envelope; json: boolean },
): Promise<void> {
  const { order, id } = openOrder(envelope, keys.newest.set.roles.order);
  await api.putRolloutAsk(envelope);
  const record = await answerTo(io, api, order);
  const { phase, reason, lead = null } = record;
  if (json) io.out(`${printableJson({ order: id, phase, lead, reason })}\n`);
  else io.out(`${phase}: ${printableLine(reason)}\n`);
  if (!isDone(order, record)) {
    throw new ChimeraError("rollout-failed", `it was not done: the rollout is in phase ${phase}`);
  }
}

/** An abort without consent only pauses; what goes on over failures may stop again at once, and has gone on. */
function isDone({ action }: Order, { phase }: RolloutRecord): boolean {
  if (action.kind !== "rollout") return false;
  if (action.ask === "resume") return true;
  return action.ask === "pause" ? phase === "paused" : phase === "returned";
}

async function answerTo(io: Io, api: Asker["api"], { nonce, notAfter }: Order): Promise<RolloutRecord> {
  const deadline = performance.now() + answerMs;
  for (;;) {
    const { rollout } = await api.fleet();
    if (rollout?.answered?.nonce === nonce) return rollout;
    if (performance.now() > deadline) {
      const message = `no lead has answered within ${answerMs / 1000} s; one that comes back before ${notAfter} will, unless something newer is asked`;
      throw new ChimeraError("deadline-exceeded", message);
    }
    io.signal.throwIfAborted();
    await io.sleep(pollMs);
  }
}
