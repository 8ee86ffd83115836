// PURE. One line of e2e/ledger/rollout.jsonl: one trial, raw. Lines of every earlier version stay readable.
import { RolloutPhase } from "@chimera/proto/rollout/rollout-record";
import { z } from "zod";
import { Moment } from "./moments.ts";
import { End } from "./rollout-faults.ts";

export const RolloutLine = z.object({
  soak: z.literal("rollout"),
  commit: z.string(),
  at: z.iso.datetime(),
  seed: z.number(),
  trial: z.number(),
  /** Of rollout-faults.ts. */
  fault: z.string(),
  moment: Moment,
  /** Whether the moment came. */
  hit: z.boolean(),
  nodes: z.number(),
  /** Who led at that moment. */
  lead: z.string().nullable(),
  /** Labels: what ran, what was rolled out. */
  systems: z.object({ from: z.string(), to: z.string() }),
  /** Of the newest record at the end; null: there is none of the newest head. */
  phase: RolloutPhase.nullable(),
  /** half: not one world, or not known of every node, or not reported. */
  end: z.enum([...End.options, "half"]),
  /** What a person had to do after the fault: a rollout that was paused is gone on with, or rolled back. */
  operator: z.enum(["nothing", "resumed", "rolled back"]),
  /** Exit code of the `chimera deploy` that followed it. */
  deployCode: z.number().nullable(),
  ok: z.boolean(),
  wrong: z.array(z.string()),
  /** From the deed until the whole fleet was at rest, those that were away with it. */
  ms: z.number(),
});
export type RolloutLine = z.infer<typeof RolloutLine>;
