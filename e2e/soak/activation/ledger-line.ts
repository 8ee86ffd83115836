// PURE. One line of e2e/ledger/activation.jsonl: one trial, raw. Lines of every earlier version stay readable.
import { z } from "zod";
import { JournalStep } from "./journal-steps.ts";
import { Mode, Scope } from "./trial-plan.ts";

export const LedgerLine = z.object({
  soak: z.literal("activation"),
  commit: z.string(),
  at: z.iso.datetime(),
  machine: z.enum(["container", "vm"]),
  node: z.string(),
  seed: z.number(),
  trial: z.number(),
  /** The one mode that was asked for; null: all in turn. Needed to do the trial again. */
  only: Mode.nullable(),
  mode: Mode,
  /** What was killed; null for a trial that kills nobody itself. */
  scope: Scope.nullable(),
  /** Of fault-table.ts; null for a kill. */
  fault: z.string().nullable(),
  /** Of scenarios.ts; null for a fault. */
  scenario: z.string().nullable(),
  /** When it was to be done, in words. */
  aim: z.string(),
  /** The journal at death: its step, and which of that step's writes it was. Null: nobody was killed, or before any write. */
  step: JournalStep.nullable(),
  write: z.number().nullable(),
  /** Whether the moment came. */
  hit: z.boolean(),
  /** Labels of what ran and of what was ordered. */
  systems: z.object({ from: z.string(), to: z.string() }),
  end: z.enum(["old", "new", "halted", "half"]),
  ok: z.boolean(),
  wrong: z.array(z.string()),
  /** From the death, or where there was none from the order, until the node was at rest. */
  ms: z.number(),
});
export type LedgerLine = z.infer<typeof LedgerLine>;
