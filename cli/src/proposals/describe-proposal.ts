/** SHELL. What a proposal would change, for whoever is to sign it: from verified documents, not from what its author says. */
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import type { Order } from "@chimera/proto/signed/order";
import { showPlace } from "@chimera/proto/signed/place";
import { verifiedWorld } from "../fleet/current-fleet.ts";
import { worldDifference, type WorldDifference } from "../fleet/head/world-difference.ts";
import type { Observer } from "../fleet/operator.ts";
import type { Paint } from "../print/paint.ts";
import { keySetDiff } from "../print/keys/key-set-diff.ts";
import { planTable } from "../print/plan-table.ts";
import { printableLine } from "../print/printable.ts";
import type { Proposed } from "../print/proposals/proposed.ts";

/** Throws hash-mismatch or fleet-mismatch when the proposed world is not what the head says. */
export async function describeProposal(
  { api, current, keys }: Pick<Observer, "api" | "current" | "keys">,
  proposed: Proposed,
  paint: Paint,
): Promise<string> {
  switch (proposed.kind) {
    case "keys":
      return keySetDiff(keys.newest.set, proposed.document, paint);
    case "head":
      return `${headText(proposed.document)}${worldText(
        worldDifference(current.leaves, await proposedWorld(api, proposed.document)),
        paint,
      )}`;
    case "panic": {
      const { world, reason } = proposed.document;
      const back = await verifiedWorld(api, world);
      const text = `undo head ${showPlace(proposed.document)}, back to world ${shortDigest(world)}: ${printableLine(reason)}\n`;
      return `${text}\n${worldText(worldDifference(current.leaves, back), paint)}`;
    }
    case "order":
      return orderText(proposed.document);
  }
}

async function proposedWorld(api: Observer["api"], { world, size, fleetId }: Head) {
  const leaves = await verifiedWorld(api, world);
  if (leaves.length !== size) {
    throw new ChimeraError("hash-mismatch", `the head says ${size} nodes, its world has ${leaves.length}`);
  }
  const foreign = leaves.find((leaf) => leaf.fleetId !== fleetId);
  if (foreign === undefined) return leaves;
  throw new ChimeraError(
    "fleet-mismatch",
    `the leaf of ${foreign.node} in the proposed world is of fleet ${foreign.fleetId}`,
  );
}

function headText(head: Head): string {
  const { mode, author, createdAt, notAfter, reason, revertTo, consentUntil, policy } = head;
  const why = reason === "" ? "" : `: ${printableLine(reason)}`;
  const back =
    revertTo === null
      ? "there is no world to go back to"
      : `a rollout that fails goes back to ${shortDigest(revertTo)} until ${consentUntil ?? "never"}`;
  const rules = Object.keys(policy).length === 0 ? "" : `policy ${JSON.stringify(policy)}\n`;
  return (
    `head ${showPlace(head)}, ${mode} of world ${shortDigest(head.world)} by ${printableLine(author)} at ${createdAt}${why}\n` +
    `nodes take it until ${notAfter}; ${back}\n${rules}\n`
  );
}

function worldText({ changes, unchanged, removed, notes }: WorldDifference, paint: Paint): string {
  const gone =
    removed.length === 0 ? "" : paint("red", `without a leaf from then on: ${removed.join(", ")}\n`);
  const strange = notes.map((note) => `${paint("red", printableLine(note))}\n`).join("");
  const rows = changes.length === 0 ? "" : planTable(changes, paint);
  return `${rows}${unchanged} nodes stay as they are\n${gone}${strange}`;
}

function orderText({ nodes, author, reason, action, createdAt, notAfter }: Order): string {
  const whom = nodes === "all" ? "all nodes" : nodes.join(", ");
  const why = reason === "" ? "" : `: ${printableLine(reason)}`;
  const { kind, ...rest } = action;
  const details = Object.entries(rest).map(([key, value]) => `  ${key} ${JSON.stringify(value)}\n`);
  return `${kind} for ${whom} by ${printableLine(author)} at ${createdAt}, until ${notAfter}${why}\n${details.join("")}`;
}
