/** SHELL. What `chimera diff` and `chimera world diff` show: node by node, and package by package where that is wanted. */
import { ChimeraError } from "@chimera/proto/errors";
import { createReader } from "../documents/fleet-reader.ts";
import type { Io } from "../io.ts";
import { diffText, type GroupText } from "../print/documents/diff-text.ts";
import { sameText, worldChangesTable } from "../print/documents/world-changes-table.ts";
import { printableJson, printableLine } from "../print/printable.ts";
import { worldChanges, type WorldChanges } from "../world/world-changes.ts";
import { compareClosures, pairNames, type DiffGroup, type Pair } from "./compare-closures.ts";
import { readSides, type Side } from "./read-sides.ts";

export interface DiffOptions {
  context: string | undefined;
  json: boolean;
  /** Names; all nodes when there is none. */
  nodes: readonly string[];
  packages: boolean;
}

/** Throws closure-unavailable at the end where the cache lacks lists; all else was shown. */
export async function showDiff(
  io: Io,
  words: readonly [from: string, to: string | undefined],
  options: DiffOptions,
): Promise<void> {
  const reader = await createReader(io, options.context);
  const [from, to] = (await readSides(io, reader, words)).map((side) => only(side, options.nodes));
  if (from === undefined || to === undefined) return;
  const pairs = options.packages ? changedPairs(from, to) : [];
  const groups = await compareClosures(pairs, reader.api, progress(io, pairs.length));
  show(io, { from, to, groups }, options);
  const missing = groups.flatMap((group) => (group.missing === null ? [] : group.pairs)).length;
  if (missing === 0) return;
  throw new ChimeraError("closure-unavailable", `${missing} of ${pairs.length} pairs could not be compared`);
}

function only(side: Side, nodes: readonly string[]): Side {
  if (nodes.length === 0) return side;
  const unknown = nodes.find((name) => side.leaves.every(({ node }) => node !== name));
  if (unknown !== undefined) {
    throw new ChimeraError("node-unknown", `${side.title} has no node ${unknown}`);
  }
  return { ...side, leaves: side.leaves.filter(({ node }) => nodes.includes(node)) };
}

/** Two systems are one pair, whoever runs them. */
function changedPairs(from: Side, to: Side): Pair[] {
  const [a, b] = [from.leaves[0], to.leaves[0]];
  if (a?.toplevel === from.id && b?.toplevel === to.id) return [{ old: a, new: b }];
  const old = new Map(from.leaves.map((leaf) => [leaf.node, leaf]));
  return to.leaves.flatMap((leaf) => {
    const before = old.get(leaf.node);
    return before === undefined || before.closure === leaf.closure ? [] : [{ old: before, new: leaf }];
  });
}

const everyPairs = 50;

function progress(io: Io, of: number): (done: number) => void {
  let next = everyPairs;
  return (done) => {
    if (!io.errTty || done < next) return;
    next = done + everyPairs;
    io.err(`chimera: ${done} of ${of} pairs of systems compared\n`);
  };
}

interface Found {
  from: Side;
  to: Side;
  groups: readonly DiffGroup[];
}

function show(io: Io, { from, to, groups }: Found, { json, packages }: DiffOptions): void {
  const changes = worldChanges(from.leaves, to.leaves);
  if (json) {
    const texts = groups.map((group) => groupText(group));
    io.out(
      `${printableJson({ from: from.id, to: to.id, ...changes, ...(packages && { groups: texts }) }, 2)}\n`,
    );
    return;
  }
  io.out(`${printableLine(`${from.title} -> ${to.title}`)}\n\n`);
  if (packages)
    io.out(
      `${diffText(
        groups.map((group) => groupText(group)),
        io.paint,
      )}${restText(io, changes, groups)}`,
    );
  else io.out(worldChangesTable(changes.changes, changes.same, io.paint));
}

function groupText({ pairs, ...group }: DiffGroup): GroupText {
  const closures = pairs.map(({ old, new: now }) => ({ old: old.closureSize, new: now.closureSize }));
  return { ...group, pairs: pairNames(pairs), closures };
}

/** Nodes whose closure says nothing: who joined or left, who has another key, and who is as before. */
function restText(io: Io, { changes, same }: WorldChanges, groups: readonly DiffGroup[]): string {
  const compared = new Set(groups.flatMap(({ pairs }) => pairs.map(({ new: leaf }) => leaf.node)));
  const others = changes.filter(({ node }) => !compared.has(node));
  if (groups.length === 0) return worldChangesTable(others, same, io.paint);
  return `\n${others.length === 0 ? sameText(same) : worldChangesTable(others, same, io.paint)}`;
}
