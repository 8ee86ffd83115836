/** SHELL. `chimera drift adopt NODE PATH`: a change that was made by hand as a Nix snippet, and time to bring it in. */
import { DriftGlob, DriftPath, globOfPath } from "@chimera/proto/drift-policy";
import type { EntryFacts } from "@chimera/proto/drift";
import type { DriftShown, ShownSide } from "@chimera/proto/drift-shown";
import { ChimeraError } from "@chimera/proto/errors";
import { maxShownBytes, type OrderAction } from "@chimera/proto/signed/order";
import type { Command } from "commander";
import type { z } from "zod";
import { askPath, questionOrder } from "../../drift/ask-path.ts";
import { onlyNode } from "../../drift/only-node.ts";
import { createObserver, type Observer } from "../../fleet/operator.ts";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { giveOrder, OrderOptions, tellDryRun } from "../../order/give-order.ts";
import { draftOrder } from "../../order/sign-order.ts";
import { textOf } from "../../print/drift/content-diff.ts";
import { nixSnippet } from "../../print/drift/nix-snippet.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { whole } from "./called.ts";
import { addOrderOptions, For, parsePath } from "./exceptions.ts";

const Options = OrderOptions.extend({ for: For });
type Options = z.infer<typeof Options>;

export function defineAdopt(drift: Command, io: Io): void {
  addOrderOptions(drift.command("adopt"))
    .summary("print a change as a Nix snippet, and leave it for a while")
    .description(
      "Print what somebody changed by hand as environment.etc, with the file as text, and only report the path until a time is up. Two orders are signed: one that shows the path, one that ignores it. What was put back already is not changed again.",
    )
    .argument("<node>", "the node")
    .argument("<path>", "the path, below /etc")
    .option("--for <time>", "how long it is left alone: 90s, 30m, 2h, 3d")
    .addHelpText(
      "after",
      examples([
        "chimera drift adopt web-1 /etc/nginx/nginx.conf --for 2h",
        "chimera drift adopt web-1 /etc/hosts --for 1d --reason 'goes into the repository' > hosts.nix",
      ]),
    )
    .action(async (...given: unknown[]) => {
      const { node, path, options } = whole(given);
      await adopt(io, { node, path }, parseOptions(Options, options));
    });
}

async function adopt(io: Io, target: { node: string; path: string }, options: Options): Promise<void> {
  const path = parsePath(DriftPath, target.path);
  requireEtc(path);
  // Before the first order is signed: what the second one cannot say must not be half done.
  const glob = parsePath(DriftGlob, globOfPath(path));
  const observer = await createObserver(io, { context: options.context });
  const node = onlyNode(observer, target.node);
  const { json, dryRun } = options;
  const reason = options.reason === "" ? "adopted by hand" : options.reason;
  const question = { node, path, evidence: null, maxBytes: maxShownBytes, reason };
  const untilMs = io.nowMs() + options.for;
  const action: OrderAction = { kind: "drift-ignore", glob, until: new Date(untilMs).toISOString() };
  const wanted = { nodes: [node], action, reason, notAfterMs: untilMs };
  if (dryRun) {
    tellDryRun(io, questionOrder(io, observer, question), json);
    return tellDryRun(io, draftOrder(io, observer.context.fleetId, wanted), json);
  }
  const shown = await askPath(io, { observer, question, json });
  if (shown === null) return;
  const snippet = snippetOf(shown);
  // The orders' answers are no part of a file that the snippet is written to.
  const aside = { ...io, out: io.err };
  if (json) io.out(`${printableJson({ path, snippet, until: action.until }, 2)}\n`);
  else io.out(snippet);
  await giveIgnore(json ? { ...io, out: () => undefined } : aside, observer, { wanted, json });
}

/** Throws input-invalid: what is no file of /etc is declared by other options, which nobody can guess. */
function requireEtc(path: string): void {
  const isOther = /^\/etc\/(?:systemd\/system\.control\/|(?:passwd|group)#)/u.test(path);
  if (path.startsWith("/etc/") && !isOther) return;
  const other = path.includes("systemd")
    ? "a unit is declared by systemd.services.<name>"
    : "declare it by its own option";
  throw new ChimeraError("input-invalid", `only files of /etc become environment.etc: ${other}`);
}

async function giveIgnore(
  io: Io,
  observer: Observer,
  { wanted, json }: { wanted: Parameters<typeof giveOrder>[1]["wanted"]; json: boolean },
): Promise<void> {
  await giveOrder(io, { observer, wanted }, { json, dryRun: false });
}

/** Throws not-found where there is no change to adopt, role-forbidden where content may not go, input-invalid for no text. */
function snippetOf({ path, open, evidence, of, content }: DriftShown): string {
  if (content.kind === "not-shown") throw new ChimeraError("not-found", printableLine(content.reason));
  const facts = of === null ? open?.found : evidence.find(({ id }) => id === of)?.facts;
  const { found } = content;
  if (found === null || facts?.type !== "file") {
    throw new ChimeraError("not-found", "what was found there is no file: a snippet would declare nothing");
  }
  return wholeSnippet(path.slice("/etc/".length), found, facts);
}

function wholeSnippet(path: string, found: ShownSide, facts: EntryFacts): string {
  const text = textOf(found);
  const isWhole = Buffer.from(found.base64, "base64").length === found.size;
  if (text !== null && isWhole) return nixSnippet({ path, text, facts });
  const why = isWhole ? "it is no text" : `it has ${found.size} bytes, more than a node shows`;
  throw new ChimeraError(
    "input-invalid",
    `${why}: copy it from the node, and use environment.etc.<name>.source`,
  );
}
