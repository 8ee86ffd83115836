/** PURE. The proposal that the operator's digits mean. */
import { ChimeraError } from "@chimera/proto/errors";
import type { OpenedProposal } from "./open-proposal.ts";

const leastDigits = 8;
/** Who does not look at it names it by so many that nobody makes another one that begins so. */
const leastUnseenDigits = 12;

export function findProposal(
  proposals: readonly OpenedProposal[],
  prefix: string,
  { yes }: { yes: boolean },
): OpenedProposal {
  const least = yes ? leastUnseenDigits : leastDigits;
  if (!/^[0-9a-f]{8,64}$/u.test(prefix) || prefix.length < least) {
    throw new ChimeraError(
      "usage",
      `"${prefix}": a proposal is named by at least ${least} of its digits${yes ? " where --yes signs it" : ""}`,
    );
  }
  const [found, second] = proposals.filter(({ id }) => id.startsWith(prefix));
  if (second !== undefined)
    throw new ChimeraError("usage", `${prefix} fits several proposals: give more digits`);
  if (found !== undefined) return found;
  throw new ChimeraError("not-found", `no proposal begins with ${prefix} (chimera sign lists them)`);
}
