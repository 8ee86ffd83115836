/** SHELL. `chimera drift show NODE PATH`: facts, evidence and the difference of one path, from the node itself. */
import { maxShownBytes } from "@chimera/proto/signed/order";
import { DriftPath } from "@chimera/proto/drift-policy";
import type { Command } from "commander";
import { z } from "zod";
import { askPath, questionOrder } from "../../drift/ask-path.ts";
import { onlyNode } from "../../drift/only-node.ts";
import { createObserver } from "../../fleet/operator.ts";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { OrderOptions, tellDryRun } from "../../order/give-order.ts";
import { shownText } from "../../print/drift/shown-text.ts";
import { printableJson } from "../../print/printable.ts";
import { whole } from "./called.ts";
import { addOrderOptions, parsePath } from "./exceptions.ts";

const Options = OrderOptions.extend({
  evidence: z.string().max(256).optional(),
  maxBytes: z.coerce
    .number("a number of bytes")
    .int("a whole number")
    .min(1, "at least 1")
    .max(maxShownBytes, `at most ${maxShownBytes}`),
});

export function defineShow(drift: Command, io: Io): void {
  addOrderOptions(drift.command("show"))
    .summary("facts, evidence and diff of one path")
    .description(
      "Fetch why a path is managed, what differs, who changed it where that was recorded, what is kept of earlier finds, and the difference, by a signed order. Content, of files of /etc, overrides of units and wrappers, comes only where everybody on the node may read both sides, or drift.showable names the path.",
    )
    .argument("<node>", "the node")
    .argument("<path>", "the path")
    .option("--evidence <id>", "of an earlier find (default: what differs now, else the newest find)")
    .option("--max-bytes <bytes>", "of each side", `${maxShownBytes}`)
    .addHelpText(
      "after",
      examples([
        "chimera drift show web-1 /etc/nginx/nginx.conf",
        "chimera drift show web-1 /run/systemd/system/nginx.service.d/x.conf",
        "chimera drift show web-1 /etc/hosts --evidence 2026-11-23T13-20-16-123Z-0001-hosts",
        "chimera drift show web-1 /etc/hosts --json",
        "chimera drift show web-1 /etc/hosts --dry-run",
      ]),
    )
    .action(async (...given: unknown[]) => {
      const { node, path, options } = whole(given);
      await show(io, { node, path }, parseOptions(Options, options));
    });
}

async function show(
  io: Io,
  target: { node: string; path: string },
  options: z.infer<typeof Options>,
): Promise<void> {
  const path = parsePath(DriftPath, target.path);
  const observer = await createObserver(io, { context: options.context });
  const node = onlyNode(observer, target.node);
  const { evidence = null, maxBytes, reason, json, dryRun } = options;
  const question = { node, path, evidence, maxBytes, reason };
  if (dryRun) return tellDryRun(io, questionOrder(io, observer, question), json);
  const shown = await askPath(io, { observer, question, json });
  if (shown === null) return;
  io.out(json ? `${printableJson(shown, 2)}\n` : shownText(shown, io.paint));
}
