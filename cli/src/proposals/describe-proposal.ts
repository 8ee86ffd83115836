/** SHELL. What a proposal would change, for whoever is to sign it: from verified documents, not from what its author says. */
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import type { Order } from "@chimera/proto/signed/order";
import { showPlace } from "@chimera/proto/signed/place";
import type { Leaf } from "@chimera/proto/signed/world";
import { verifiedWorld } from "../fleet/current-fleet.ts";
import { worldDifference, type WorldDifference } from "../fleet/head/world-difference.ts";
import { newestOf, type CurrentFleet } from "../fleet/newest-document.ts";
import type { Observer } from "../fleet/operator.ts";
import type { Paint } from "../print/paint.ts";
import { keySetDiff } from "../print/keys/key-set-diff.ts";
import { planTable } from "../print/plan-table.ts";
import { printableJson, printableLine } from "../print/printable.ts";
import { quarantineDiff } from "../print/proposals/quarantine-diff.ts";
import type { Proposed } from "@chimera/proto/signed/proposed";
import { wholeName } from "../print/units.ts";
import type { Surroundings } from "./overtaken.ts";

interface Scene {
  now: Surroundings;
  paint: Paint;
}

/** Throws hash-mismatch or fleet-mismatch when the proposed world is not what the head says. */
export async function describeProposal(
  { api, current, keys }: Pick<Observer, "api" | "current" | "keys">,
  proposed: Proposed,
  scene: Scene,
): Promise<string> {
  const { paint, now } = scene;
  switch (proposed.kind) {
    case "keys":
      return keySetDiff(keys.newest.set, proposed.document, paint);
    case "head": {
      const leaves = await proposedWorld(api, proposed.document);
      const strange = [...strangeOrder(proposed.document, current), ...quarantined(leaves, now)];
      const difference = worldDifference(current.leaves, leaves);
      return `${headText(proposed.document, current)}${worldText(difference, strange, paint)}`;
    }
    case "panic": {
      const { world, reason } = proposed.document;
      const back = await verifiedWorld(api, world);
      const text = `undo head ${showPlace(proposed.document)}, back to world ${shortDigest(world)}: ${printableLine(reason)}\n`;
      return `${text}\n${worldText(worldDifference(current.leaves, back), [], paint)}`;
    }
    case "order":
      return orderText(proposed.document, scene);
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

function headText(head: Head, { effective }: Pick<CurrentFleet, "effective">): string {
  const { mode, author, createdAt, notAfter, reason, revertTo, consentUntil, policy } = head;
  const why = reason === "" ? "" : `: ${printableLine(reason)}`;
  const isNow = effective.kind !== "none" && revertTo === effective.world;
  const target = isNow ? "what runs now" : `world ${revertTo ?? ""}`;
  const back =
    revertTo === null
      ? "there is no world to go back to"
      : `a panic goes back to ${target}${consentUntil === null ? "" : `, and until ${consentUntil} a rollout that fails`}`;
  const rules = Object.keys(policy).length === 0 ? "" : `policy ${printableJson(policy)}\n`;
  return (
    `head ${showPlace(head)}, ${mode} of world ${shortDigest(head.world)} by ${printableLine(author)} at ${createdAt}${why}\n` +
    `nodes take it until ${notAfter}; ${back}\n${rules}\n`
  );
}

/** What no chimera proposes by itself; a person may have meant it. */
function strangeOrder(head: Head, current: CurrentFleet): string[] {
  const { effective } = current;
  const now = effective.kind === "none" ? null : effective.world;
  const newest = newestOf(current)?.place;
  const due = newest?.epoch === head.epoch ? newest.serial + 1 : 1;
  const back = `going back from it leads to world ${head.revertTo ?? "none"}, which is not what the fleet runs now`;
  return [
    ...(head.revertTo === now ? [] : [back]),
    ...(head.serial === due ? [] : [`it has serial ${head.serial} where ${due} is due`]),
  ];
}

function quarantined(leaves: readonly Leaf[], { quarantine }: Surroundings): string[] {
  const listed = new Set(quarantine?.toplevels);
  return leaves.flatMap(({ node, toplevel }) =>
    listed.has(toplevel) ? [`${node}: ${toplevel} is in quarantine, so nobody takes this head`] : [],
  );
}

function worldText(
  { changes, unchanged, removed, notes }: WorldDifference,
  strange: readonly string[],
  paint: Paint,
): string {
  const gone =
    removed.length === 0 ? "" : paint("red", `without a leaf from then on: ${removed.join(", ")}\n`);
  const marked = [...notes, ...strange].map((note) => `${paint("red", printableLine(note))}\n`).join("");
  const rows = changes.length === 0 ? "" : planTable(changes, paint, wholeName);
  return `${rows}${unchanged} nodes stay as they are\n${gone}${marked}`;
}

function orderText({ nodes, author, reason, action, createdAt, notAfter }: Order, scene: Scene): string {
  const whom = nodes === "all" ? "all nodes" : nodes.join(", ");
  const why = reason === "" ? "" : `: ${printableLine(reason)}`;
  const first = `${action.kind} for ${whom} by ${printableLine(author)} at ${createdAt}, until ${notAfter}${why}\n`;
  if (action.kind === "quarantine")
    return `${first}${quarantineDiff(scene.now.quarantine, action, scene.paint)}`;
  const { kind: _, ...rest } = action;
  return `${first}${Object.entries(rest)
    .map(([key, value]) => `  ${key} ${printableJson(value)}\n`)
    .join("")}`;
}
