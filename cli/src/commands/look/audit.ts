/** SHELL. `chimera audit [verify]`: who changed what through the controllers, and whether that log can be believed. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import { auditKindFilter, auditKinds, auditRow, noteOutcome } from "../../audit/audit-rows.ts";
import { readAudit } from "../../audit/read-audit.ts";
import { verifyAudit, type AuditReport } from "../../audit/verify-audit.ts";
import { createReader } from "../../documents/fleet-reader.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { momentForms, requireMoment } from "../../past/moment.ts";
import { auditReportText } from "../../print/audit/audit-report-text.ts";
import { auditTable } from "../../print/audit/audit-table.ts";
import { printableJson } from "../../print/printable.ts";

const ListOptions = FleetOptions.extend({
  since: z.string().max(64),
  kind: z.array(z.string().max(256)).max(32).default([]),
});
type ListOptions = z.infer<typeof ListOptions>;
const VerifyOptions = FleetOptions.extend({ acceptLoss: z.boolean().default(false) });
type VerifyOptions = z.infer<typeof VerifyOptions>;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description("List who changed what through the controllers, what came of it, and who was refused.")
    .option("--since <time>", `from when on: ${momentForms}, or a span as 2h`, "24h")
    .option("--kind <kinds...>", `only these, of: ${auditKinds.join(", ")}`)
    .addHelpText(
      "after",
      examples([
        "chimera audit",
        "chimera audit --since 7d --kind head,panic",
        "chimera audit --kind refused --json | jq -r '.said.from'",
        "chimera audit verify",
      ]),
    )
    .action(async (options: unknown) => list(io, parseOptions(ListOptions, options)));
  addFleetOptions(command.command("verify"))
    .description(
      "Read the whole log and check it: each entry against the one before, its length and root against what the online key signed, what this machine saw last, and what nodes carry.",
    )
    .option("--accept-loss", "the log was lost: go on with what is there, and take no node's word for more")
    .addHelpText(
      "after",
      examples(["chimera audit verify", "chimera audit verify --json", "chimera audit verify --accept-loss"]),
    )
    .action(async (options: unknown) => verify(io, parseOptions(VerifyOptions, options)));
}

/** Outcomes lie behind their acts: all is read before the first line is written. */
async function list(io: Io, options: ListOptions): Promise<void> {
  const since = new Date(requireMoment(options.since, io.nowMs())).toISOString();
  const isWanted = auditKindFilter(options.kind);
  const { api } = await createReader(io, options.context);
  const texts: string[] = [];
  const outcomes = new Map<number, string | null>();
  for await (const text of readAudit(io, api, { since })) {
    noteOutcome(text, outcomes);
    if (isShown(text, isWanted)) texts.push(text);
  }
  const rows = texts.flatMap((text) => auditRow(text, outcomes) ?? []);
  if (options.json) {
    for (const { entry, outcome } of rows) io.out(`${printableJson({ ...entry, outcome })}\n`);
    return;
  }
  if (rows.length === 0) io.err("chimera: the audit log has nothing of that kind since then\n");
  else io.out(auditTable(rows, io.paint));
}

function isShown(text: string, isWanted: (kind: string) => boolean): boolean {
  const row = auditRow(text, new Map());
  return row !== undefined && isWanted(row.kind);
}

async function verify(io: Io, options: VerifyOptions): Promise<void> {
  const reader = await createReader(io, options.context);
  const report = await verifyAudit(io, reader, options);
  if (options.json) io.out(`${printableJson(jsonOf(report), 2)}\n`);
  else io.out(auditReportText(report, io.paint));
  const [first] = report.findings;
  if (first === undefined) return;
  const where = first.index === null ? "" : `entry ${first.index}: `;
  const count = report.findings.length === 1 ? "" : ` (and ${report.findings.length - 1} more)`;
  const what = "the audit log cannot be believed";
  throw new ChimeraError("audit-broken", `${what}: ${where}${first.what}${count}; what to do: docs/audit.md`);
}

function jsonOf({ log, memories, findings, silent }: AuditReport) {
  const { roots: _roots, findings: _own, ...rest } = log;
  return { ok: findings.length === 0, ...rest, memories, silent, findings };
}
