/** SHELL. The end of a panic: the table, the receipts' file, and the exit code. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Leaf } from "@chimera/proto/signed/world";
import { orWarn } from "../fleet/or-warn.ts";
import type { Io } from "../io.ts";
import { panicTable } from "../print/documents/panic-table.ts";
import { printableJson, printableLine } from "../print/printable.ts";
import { someNames } from "../print/some-names.ts";
import { replaceFile } from "../replace-file.ts";
import { isBack, type PanicNode } from "./panic-progress.ts";
import { panicReceipts } from "./panic-receipts.ts";
import type { PanicRoad, Released } from "./roads/panic-road.ts";

interface ReportOptions {
  json: boolean;
  /** Seconds that the nodes were watched. */
  timeout: number;
  out?: string | undefined;
}

export interface Outcome {
  road: PanicRoad;
  released: Released;
  leaves: readonly Leaf[];
  nodes: PanicNode[];
}

/** Throws rollout-failed where nodes need a person, deadline-exceeded where some have not answered, file-unreadable where no receipts are saved. */
export async function reportPanic(
  io: Io,
  { road, released, leaves, nodes }: Outcome,
  options: ReportOptions,
): Promise<void> {
  const { serial } = road.head.head;
  const path = options.out ?? `panic-${serial}.receipts.json`;
  const file = panicReceipts(road, { nodes, leaves, panic: released });
  const isSaved = await orWarn(io, "the receipts are not saved", () =>
    replaceFile(resolve(io.cwd, path), `${JSON.stringify(file)}\n`),
  );
  if (options.json) {
    const shown = nodes.map(({ node, marks, state, problem }) => ({ node, marks, state, problem }));
    io.out(
      `${printableJson({ type: "result", panic: released.id, serial, nodes: shown, receipts: isSaved ? path : null })}\n`,
    );
  } else {
    const where = `receipts: ${printableLine(path)} (chimera receipt verify checks them)\n`;
    const table = panicTable(nodes, { paint: io.paint, isKept: road.over !== "ssh" });
    io.out(`${table}${isSaved ? where : ""}`);
  }
  requireHealthy(nodes);
  requireBack(nodes, { road, released }, options);
  requireStored(road, released);
  if (isSaved) return;
  throw new ChimeraError("file-unreadable", `write ${path}: every node is back, but nothing proves it`);
}

function requireHealthy(nodes: readonly PanicNode[]): void {
  const failed = nodes.filter(({ problem }) => problem !== null);
  const [first] = failed;
  if (first === undefined) return;
  throw new ChimeraError(
    "rollout-failed",
    `${failed.length} of ${nodes.length} nodes need a person: ${first.node}: ${printableLine(first.problem ?? "")}`,
  );
}

function requireBack(
  nodes: readonly PanicNode[],
  { road, released }: Pick<Outcome, "road" | "released">,
  { timeout }: Pick<ReportOptions, "timeout">,
): void {
  const open = nodes.filter((node) => !isBack(node));
  if (open.length === 0) return;
  const names = someNames(open.map(({ node }) => node));
  const what = `${open.length} of ${nodes.length} nodes are not back after ${timeout} s: ${names}`;
  if (road.over === "ssh")
    throw new ChimeraError("deadline-exceeded", `${what}; they go on, and ${broughtAgain}`);
  if (!released.isStored()) throw new ChimeraError("server-unreachable", `${what}; ${notStored}`);
  throw new ChimeraError(
    "deadline-exceeded",
    `${what}; they go on, and those that are away begin with it when they return`,
  );
}

const notStored =
  "JetStream did not store the panic: nodes that were away do not hear of it until this is run again";
const broughtAgain =
  "those that ssh did not reach have it when this is run again, or when chimera reseed has brought it to the controller";

/** Throws server-unreachable for one that only those nodes have that listened when it was sent, rollout-failed where nodes refused it. */
export function requireStored({ over }: Pick<PanicRoad, "over">, { isStored, refusals }: Released): void {
  if (isStored()) return;
  const refused = refusals?.() ?? [];
  if (refused.length > 0) {
    const reasons = refused.slice(0, 10).map((error) => printableLine(error.message));
    throw new ChimeraError(
      "rollout-failed",
      `${refused.length} nodes refuse the panic: ${reasons.join("; ")}`,
    );
  }
  throw new ChimeraError("server-unreachable", over === "ssh" ? broughtAgain : notStored);
}
