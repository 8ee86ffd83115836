/** What came of keeping evidence, as a revert tells it. */
import { revertFailure } from "../../../reconcile/drift/revert-failure.ts";
import type { FileKeeping } from "./keep-file.ts";

type Refused = Extract<FileKeeping, { kind: "refused" }>;

/** Without an id there is none. */
export type Evidenced = { kind: "moved" | "copied" | "kept"; id: string } | { kind: "nothing" } | Refused;

export function evidenceFacts(evidence: Evidenced): { evidence: string | null; notes: string[] } {
  return {
    evidence: "id" in evidence ? evidence.id : null,
    notes: evidence.kind === "refused" ? [`what was there was not kept: ${whyOf(evidence)}`] : [],
  };
}

/** The store of evidence says EDQUOT where a storm has taken its share. */
function whyOf({ errno }: Refused): string {
  return errno === "EDQUOT"
    ? "so much was put back within an hour that it would push out all older evidence"
    : revertFailure(errno).message;
}
