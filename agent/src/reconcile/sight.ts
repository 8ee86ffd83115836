/** PURE. What is seen, and what the node's own module says: all that a decision rests on beside journal and order. */
import type { Observed } from "./decision.ts";
import type { Specialisation } from "./foreign/specialisation.ts";
import type { Reserve } from "./preflight/judge-preflight.ts";

export type Sight = Observed & {
  /** How much space must be left. */
  reserve?: Reserve;
  /** How long emptying the node may take before a restart; null where there is nothing to run. */
  drainSeconds?: number | null;
  /** The same for bringing its work back; undefined where the module is not known. */
  undrainSeconds?: number | null;
  /** What a restart would bring that the switch did not, in words. */
  restartAdvice?: readonly string[];
  /** The variant of the system that runs; its toplevel is what `system` tells. */
  specialisation?: Specialisation | null;
  /** Whether a journal was there and could not be read: then what runs may be anything. */
  isJournalLost?: boolean;
};
