/** PURE. The proposal that the operator's digits mean. */
import { ChimeraError } from "@chimera/proto/errors";
import type { OpenedProposal } from "./open-proposal.ts";

const leastDigits = 8;

export function findProposal(proposals: readonly OpenedProposal[], prefix: string): OpenedProposal {
  if (!/^[0-9a-f]{8,64}$/u.test(prefix)) {
    throw new ChimeraError(
      "usage",
      `"${prefix}": a proposal is named by at least ${leastDigits} of its digits`,
    );
  }
  const [found, second] = proposals.filter(({ id }) => id.startsWith(prefix));
  if (second !== undefined)
    throw new ChimeraError("usage", `${prefix} fits several proposals: give more digits`);
  if (found !== undefined) return found;
  throw new ChimeraError("not-found", `no proposal begins with ${prefix} (chimera sign lists them)`);
}
