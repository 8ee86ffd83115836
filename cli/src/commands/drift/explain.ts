/** SHELL. `chimera drift explain [NODE] PATH`: why a path is kept as it is, or why not; without a node, on this machine. */
import { DriftPath } from "@chimera/proto/drift-policy";
import type { ShownFacts } from "@chimera/proto/drift-shown";
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import type { z } from "zod";
import { askPath, questionOrder } from "../../drift/ask-path.ts";
import { onlyNode } from "../../drift/only-node.ts";
import { createObserver } from "../../fleet/operator.ts";
import type { Io } from "../../io.ts";
import { askAgent } from "../../local/ask-agent.ts";
import { AccessOptions } from "../../local/local-access.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { OrderOptions, tellDryRun } from "../../order/give-order.ts";
import { explanationText } from "../../print/drift/explanation-text.ts";
import { printableJson } from "../../print/printable.ts";
import { Called } from "./called.ts";
import { addOrderOptions, parsePath } from "./exceptions.ts";

const patienceMs = 10_000;

export const ExplainOptions = OrderOptions.extend({ socket: AccessOptions.shape.socket });
type ExplainOptions = z.infer<typeof ExplainOptions>;

export function defineExplain(drift: Command, io: Io): void {
  addOrderOptions(drift.command("explain"))
    .summary("why a path is managed, or why not")
    .description(
      "Say why a path is managed, by what of the closure, what it should be, what it is, what is done about a difference, who set that and how to change it; or why nobody compares it. Users and groups are /etc/passwd#NAME and /etc/group#NAME. With a node by a signed order, without one by the agent of this machine, which root may ask.",
    )
    .argument("[node]", "the node (default: this machine)")
    .argument("[path]", "the path")
    .option("--socket <file>", "the agent's socket on this machine")
    .addHelpText(
      "after",
      examples([
        "chimera drift explain web-1 /etc/ssh/sshd_config",
        "chimera drift explain web-1 /run/systemd/system/nginx.service.d/x.conf",
        "chimera drift explain web-1 /run/current-system --json",
        "chimera drift explain /etc/passwd#anna",
      ]),
    )
    .action(async (...given: unknown[]) => {
      const { node, path, options } = Called.parse(given);
      if (node === undefined) throw new ChimeraError("usage", "name a path, or a node and a path");
      const target = path === undefined ? { node: undefined, path: node } : { node, path };
      await explain(io, target, parseOptions(ExplainOptions, options));
    });
}

export async function explain(
  io: Io,
  target: { node: string | undefined; path: string },
  options: ExplainOptions,
): Promise<void> {
  const path = parsePath(DriftPath, target.path);
  const facts =
    target.node === undefined
      ? await askHere(io, path, options.socket)
      : await askNode(io, target.node, { path, options });
  if (facts === null) return;
  const { explanation, stance, open, now } = facts;
  const json = { path, explanation, stance, open, now: now ?? null };
  io.out(options.json ? `${printableJson(json, 2)}\n` : explanationText(facts));
}

async function askNode(
  io: Io,
  name: string,
  { path, options }: { path: string; options: OrderOptions },
): Promise<ShownFacts | null> {
  const observer = await createObserver(io, { context: options.context });
  const question = {
    node: onlyNode(observer, name),
    path,
    evidence: null,
    maxBytes: 0,
    reason: options.reason,
  };
  if (options.dryRun) {
    tellDryRun(io, questionOrder(io, observer, question), options.json);
    return null;
  }
  return askPath(io, { observer, question, json: options.json });
}

async function askHere(io: Io, path: string, socket: string): Promise<ShownFacts> {
  const request = { v: 1 as const, command: "explain" as const, path };
  const asked = await askAgent({ socket, request, signal: io.signal, patienceMs });
  if (asked.kind !== "answer") {
    throw new ChimeraError(
      "server-unreachable",
      `no agent answers on this machine (${asked.reason}): name a node`,
    );
  }
  if (asked.answer.shown !== undefined) return asked.answer.shown;
  throw new ChimeraError(
    "tool-failed",
    "the agent of this machine explains nothing: it is older than this chimera",
  );
}
