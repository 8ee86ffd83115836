/** SHELL. The end of a panic: the table, the receipts' file, and the exit code. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Io } from "../io.ts";
import { panicTable } from "../print/documents/panic-table.ts";
import { printableJson, printableLine } from "../print/printable.ts";
import { replaceFile } from "../replace-file.ts";
import { isBack, type PanicNode } from "./panic-progress.ts";
import { panicReceipts } from "./panic-receipts.ts";
import type { PanicRoad, Released } from "./panic-road.ts";

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

/** Throws rollout-failed where nodes need a person, deadline-exceeded where some have not answered. */
export async function reportPanic(
  io: Io,
  { road, released, leaves, nodes }: Outcome,
  options: ReportOptions,
): Promise<void> {
  const { serial } = road.head.head;
  const path = options.out ?? `panic-${serial}.receipts.json`;
  const file = panicReceipts(road, { nodes, leaves, panic: released });
  await replaceFile(resolve(io.cwd, path), `${JSON.stringify(file)}\n`);
  if (options.json) {
    const shown = nodes.map(({ node, marks, state, problem }) => ({ node, marks, state, problem }));
    io.out(
      `${printableJson({ type: "result", panic: released.id, serial, nodes: shown, receipts: path })}\n`,
    );
  } else {
    io.out(
      `${panicTable(nodes, { paint: io.paint, isKept: road.over !== "ssh" })}receipts: ${printableLine(path)} (chimera receipt verify checks them)\n`,
    );
  }
  const failed = nodes.filter(({ problem }) => problem !== null);
  const [first] = failed;
  if (first !== undefined) {
    throw new ChimeraError(
      "rollout-failed",
      `${failed.length} of ${nodes.length} nodes need a person: ${first.node}: ${printableLine(first.problem ?? "")}`,
    );
  }
  const open = nodes.filter((node) => !isBack(node));
  if (open.length > 0) {
    const names = open
      .slice(0, 10)
      .map(({ node }) => node)
      .join(", ");
    throw new ChimeraError(
      "deadline-exceeded",
      `${open.length} of ${nodes.length} nodes are not back after ${options.timeout} s: ${names}; they go on, and ${awayText(road)}`,
    );
  }
  requireStored(road, released);
}

function awayText({ over }: Pick<PanicRoad, "over">): string {
  return over === "ssh" ? broughtAgain : "those that are away begin with it when they return";
}

const broughtAgain =
  "those that ssh did not reach have it when this is run again, or when chimera reseed has brought it to the controller";

/** Throws server-unreachable for one that only those nodes have that listened when it was sent. */
export function requireStored({ over }: Pick<PanicRoad, "over">, { isStored }: Released): void {
  if (isStored()) return;
  if (over === "ssh") throw new ChimeraError("server-unreachable", broughtAgain);
  const what =
    "JetStream did not store the panic: nodes that were away do not hear of it until this is run again";
  throw new ChimeraError("server-unreachable", what);
}
