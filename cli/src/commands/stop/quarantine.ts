/** SHELL. `chimera quarantine list|add|remove|pardon|renew`. */
import { ChimeraError } from "@chimera/proto/errors";
import { StorePath } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { createObserver, type Observer } from "../../fleet/operator.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { currentQuarantine, type StoredList } from "../../order/current-quarantine.ts";
import { nextQuarantine, type NextQuarantine, type QuarantineChange } from "../../order/next-quarantine.ts";
import { quarantineRows, reportedToplevels } from "../../order/quarantine-rows.ts";
import { draftOrder, signOrder } from "../../order/sign-order.ts";
import { storeQuarantine } from "../../order/store-quarantine.ts";
import { quarantineTable } from "../../print/documents/quarantine-table.ts";
import { printableJson } from "../../print/printable.ts";

const yearMs = 365 * 86_400_000;

const ChangeOptions = FleetOptions.extend({
  reason: z.string().max(1024, "at most 1024 characters").default(""),
  dryRun: z.boolean().default(false),
});
type ChangeOptions = z.infer<typeof ChangeOptions>;

const verbs = {
  add: "Put systems into the fleet's quarantine: no node activates them again.",
  remove: "Take systems out of the fleet's quarantine list.",
  pardon: "Let nodes activate systems again that they quarantined by themselves.",
} as const;

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples([
      "chimera quarantine list",
      "chimera quarantine add /nix/store/…-nixos-system-n1 --reason 'eats disks'",
    ]),
  );
  addFleetOptions(command.command("list"))
    .description("List what must not be activated, and which nodes say so.")
    .addHelpText("after", examples(["chimera quarantine list --json"]))
    .action(async (options: unknown) => list(io, parseOptions(FleetOptions, options)));
  defineRenew(command.command("renew"), io);
  for (const verb of ["add", "remove", "pardon"] as const) {
    addFleetOptions(command.command(verb))
      .description(verbs[verb])
      .argument("<toplevel...>", "store paths of systems")
      .option("--reason <text>", "why, kept in the order", "")
      .option("--dry-run", "show the next list; sign and send nothing")
      .addHelpText("after", examples([`chimera quarantine ${verb} /nix/store/…-nixos-system-n1 --dry-run`]))
      .action(async (paths: unknown, options: unknown) =>
        change(io, { verb, toplevels: parsePaths(paths) }, parseOptions(ChangeOptions, options)),
      );
  }
}

function defineRenew(command: Command, io: Io): void {
  addFleetOptions(command)
    .description("Sign the list anew as it is: after a change of order keys, or before it expires.")
    .option("--reason <text>", "why, kept in the order", "")
    .option("--dry-run", "show the next list; sign and send nothing")
    .addHelpText("after", examples(["chimera quarantine renew --dry-run", "chimera quarantine renew"]))
    .action(async (options: unknown) =>
      change(io, { verb: "add", toplevels: [] }, parseOptions(ChangeOptions, options)),
    );
}

function parsePaths(words: unknown): StorePath[] {
  return z
    .array(z.string())
    .parse(words)
    .map((word) => {
      const path = StorePath.safeParse(word.replace(/\/+$/u, ""));
      if (path.success) return path.data;
      throw new ChimeraError("input-invalid", `"${word}": ${path.error.issues[0]?.message}`);
    });
}

async function list(io: Io, options: FleetOptions): Promise<void> {
  const observer = await createObserver(io, { context: options.context });
  const stored = await currentQuarantine(io, observer);
  warnOfRetired(io, observer, stored);
  const rows = quarantineRows(stored?.list ?? null, observer.nodes);
  if (options.json) {
    const order = stored === null ? null : { id: stored.id, keySet: stored.keySet, ...stored.order };
    io.out(`${printableJson({ order, toplevels: rows }, 2)}\n`);
    return;
  }
  io.out(
    quarantineTable(stored === null ? null : { ...stored.order, serial: stored.list.serial }, rows, io.paint),
  );
}

async function change(
  io: Io,
  wanted: Pick<QuarantineChange, "verb" | "toplevels">,
  options: ChangeOptions,
): Promise<void> {
  const observer = await createObserver(io, { context: options.context });
  const current = await currentQuarantine(io, observer);
  warnOfRetired(io, observer, current);
  const reported = reportedToplevels(observer.nodes);
  const next = nextQuarantine(current?.list ?? null, { ...wanted, reported });
  for (const path of next.endedPardons) {
    io.err(
      `chimera: nodes quarantine ${path} still or again: its pardon is not carried on (chimera quarantine pardon)\n`,
    );
  }
  if (options.dryRun) return tell(io, { next, said: "nothing was signed or sent (--dry-run)" }, options.json);
  await signAndStore(io, { observer, next }, options);
}

/** Whoever stole a retired key can still make a list for whoever looks; no node takes it any more. */
function warnOfRetired(io: Io, { keys }: Observer, stored: StoredList | null): void {
  if (stored === null || stored.keySet === keys.newest.set.version) return;
  io.err(
    `chimera: quarantine list ${stored.list.serial} is signed by keys of key set ${stored.keySet}, which were retired since: look at it well; nodes that lack it take only a list that is signed anew: chimera quarantine renew\n`,
  );
}

async function signAndStore(
  io: Io,
  { observer, next }: { observer: Observer; next: NextQuarantine },
  { reason, json }: ChangeOptions,
): Promise<void> {
  const notAfterMs = io.nowMs() + yearMs;
  const { action } = next;
  const order = draftOrder(io, observer.context.fleetId, { nodes: "all", action, reason, notAfterMs });
  const signed = await signOrder(io, observer, order);
  if (signed.kind === "proposed") {
    const { id, signedBy, threshold } = signed;
    return tell(
      io,
      { next, said: `signed by ${signedBy.length} of ${threshold}: chimera sign ${id.slice(0, 12)}` },
      json,
    );
  }
  await storeQuarantine(io, observer, signed.envelope);
  tell(
    io,
    { next, said: "stored; nodes take it within seconds, those that are away when they come back" },
    json,
  );
}

function tell(
  io: Io,
  { next: { action }, said }: { next: NextQuarantine; said: string },
  json: boolean,
): void {
  if (json) io.out(`${printableJson({ ...action, said })}\n`);
  else {
    const pardons = action.pardoned.length === 0 ? "" : `, ${action.pardoned.length} pardoned`;
    io.out(`quarantine list ${action.serial}: ${action.toplevels.length} toplevels${pardons}; ${said}\n`);
  }
}
