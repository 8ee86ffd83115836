// SHELL. Waits for a moment of a rollout, by the lead's record and the canary's own word.
import { setTimeout as sleep } from "node:timers/promises";
import type { Digest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { hasCome, hasPassed, type Moment } from "./moments.ts";
import { canary, lastNode, type SoakFleet } from "./soak-fleet.ts";

export interface Awaited {
  moment: Moment;
  /** The newest head before: whatever is published now is another. */
  headBefore: Digest | null;
  /** An operator pauses it in its first wave. */
  asksPause: boolean;
}

export interface Caught {
  hit: boolean;
  /** Null where no lead wrote one in time. */
  first: RolloutRecord | null;
  record: RolloutRecord | null;
}

/** From the build of the world on. */
const timeoutMs = 150_000;
const everyMs = 100;

export async function waitMoment(
  soak: SoakFleet,
  { moment, headBefore, asksPause }: Awaited,
): Promise<Caught> {
  const deadline = performance.now() + timeoutMs;
  let first: RolloutRecord | null = null;
  let hasAsked = false;
  for (;;) {
    const record = await recordNow(soak, headBefore);
    first ??= record;
    const sight = { record, ...(await statesNow(soak, moment)) };
    const hit = hasCome(moment, sight);
    if (hit || hasPassed(moment, sight) || performance.now() > deadline) return { hit, first, record };
    if (asksPause && !hasAsked && hasCome("canary wave", sight)) {
      hasAsked = true;
      await soak.operator.run(["rollout", "pause"]);
    }
    await sleep(everyMs);
  }
}

async function recordNow(soak: SoakFleet, headBefore: Digest | null): Promise<RolloutRecord | null> {
  const { head, rollout } = await soak.view();
  return head !== null && head.id !== headBefore && rollout?.head === head.id ? rollout : null;
}

/** Only where the moment asks for them: a look at all nodes takes a while. */
async function statesNow(soak: SoakFleet, moment: Moment) {
  if (moment !== "probation" && moment !== "last wave") return { canary: null, last: null };
  const views = await soak.nodeViews();
  const stateOf = (name: string) => views.find(({ node }) => node === name)?.status?.state ?? null;
  return { canary: stateOf(canary), last: stateOf(lastNode) };
}
