/** PURE. What the agent asks of its store worker, and what that answers. */
import { Count, StorePath } from "@chimera/proto/names";
import { z } from "zod";
import { HashFacts, WalkFacts } from "../../reconcile/store-drift/store-path.ts";

const Target = z.object({ path: StorePath, narSize: Count });

/** `soon`: something differs or may, and somebody waits; `idle`: whenever nothing else is to be done. */
const Pace = z.enum(["soon", "idle"]);
export type Pace = z.infer<typeof Pace>;

export const StoreJob = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("walk"), targets: z.array(Target).max(256), pace: Pace }),
  z.object({ kind: z.literal("hash"), target: Target, pace: Pace }),
]);
export type StoreJob = z.infer<typeof StoreJob>;

export const WalkAnswer = z.object({ walked: z.array(WalkFacts).max(256) });
export const HashAnswer = z.object({ hashed: HashFacts });
export type WalkAnswer = z.infer<typeof WalkAnswer>;
export type HashAnswer = z.infer<typeof HashAnswer>;

/** What the worker is started with: its first message. */
export const WorkerSettings = z.object({
  /** Before /nix/store; empty but in tests. */
  root: z.string(),
  /** Who owns what Nix makes. */
  uid: Count,
  /** Whether it keeps to its share of a core; somebody who waits for the answer wants it at once. */
  isPaced: z.boolean(),
});
export type WorkerSettings = z.infer<typeof WorkerSettings>;

/** Every other message to the worker, and each of its own; an answer has the number of its job. */
export const JobMessage = z.object({ id: Count, job: StoreJob });
export const AnswerMessage = z.object({ id: Count, answer: z.unknown() });
export type JobMessage = z.infer<typeof JobMessage>;
export type AnswerMessage = z.infer<typeof AnswerMessage>;
