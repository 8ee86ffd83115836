/** PURE. `chimera local status`: what a node runs, wants and does, one fact a line. */
import type { Hold } from "@chimera/proto/acceptance/trust-state";
import type { JournalView, LocalStatus } from "@chimera/proto/local-api";
import { showPlace } from "@chimera/proto/signed/place";
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { bytes, duration, shortPath } from "../units.ts";

type Row = readonly [name: string, text: string];

export function localStatusText(status: LocalStatus, paint: Paint): string {
  const rows = [
    ...stateRows(status, paint),
    ...systemRows(status),
    ...journalRows(status.journal),
    ...orderRows(status),
    ...quarantineRows(status),
    ...checkRows(status),
    ...problemRows(status, paint),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `${paint("bold", name.padEnd(width))}${text}\n`).join("");
}

function stateRows({ state, waiting, fetch, agent, node }: LocalStatus, paint: Paint): Row[] {
  const detail = waiting === null ? "" : ` (${printableLine(waiting.detail)})`;
  const size = fetch === null ? "" : ` ${bytes(fetch.doneBytes)} of ${bytes(fetch.totalBytes)}`;
  return [
    ["NODE", node ?? "-"],
    ["STATE", `${state}${size}${detail}`],
    [
      "AGENT",
      agent === null
        ? paint("red", "does not run; what follows is what its files say")
        : printableLine(`${agent.version}, since ${agent.startedAt}`),
    ],
  ];
}

function systemRows({ accepted, wanted, panic, system, specialisation }: LocalStatus): Row[] {
  const place = accepted === null ? "nothing yet" : `head ${showPlace(accepted)}`;
  const undone: Row[] =
    panic === null ? [] : [["PANIC", `${showPlace({ ...panic, rank: 1 })}, accepted ${panic.acceptedAt}`]];
  return [
    ["SIGNED", place],
    ...undone,
    ["WANTED", shortPath(wanted)],
    ["RUNS", shortPath(system.current)],
    ...some("SPECIALISATION", specialisation?.name ?? null),
    ["BOOTED", shortPath(system.booted)],
    ["PROFILE", shortPath(system.profile)],
    ["BOOT DEFAULT", shortPath(system.bootDefault)],
  ];
}

function journalRows(journal: JournalView | null): Row[] {
  if (journal === null) return [["JOURNAL", "nothing was ordered yet"]];
  const { step, order, toplevel, before, stepMs, deadMan, retryInMs, rebootReasons } = journal;
  const by = order.local === null ? showPlace(order) : `local ${order.local}`;
  const since = stepMs === null ? "since before this boot" : `for ${duration(stepMs)}`;
  return [
    ["JOURNAL", `${step} ${since}: ${shortPath(toplevel)} for ${by}`],
    ["BEFORE", shortPath(before.current)],
    ...some("UNIT", journal.unit),
    ...(deadMan === null ? [] : [deadManRow(deadMan)]),
    ...some("NEXT TRY", retryInMs === null ? null : `in ${duration(retryInMs)}`),
    ...rebootReasons.map((reason): Row => ["RESTART FOR", printableLine(reason)]),
    ...some("UNHEALTHY", journal.unhealthy),
  ];
}

function some(name: string, text: string | null): Row[] {
  return text === null ? [] : [[name, printableLine(text)]];
}

function deadManRow({ unit, inMs }: NonNullable<JournalView["deadMan"]>): Row {
  const when = inMs === null ? "of an earlier boot" : `undoes it in ${duration(inMs)}`;
  return ["DEAD-MAN", printableLine(`${when} (${unit})`)];
}

function orderRows({ local, holds }: LocalStatus): Row[] {
  const order: Row[] =
    local === null
      ? []
      : [
          [
            "LOCAL",
            printableLine(
              `${local.action} ${shortPath(local.toplevel)} until ${local.until} by ${local.author}: ${local.reason}`,
            ),
          ],
        ];
  return [...order, ...holdRow("HOLD", holds.signed), ...holdRow("LOCAL HOLD", holds.local)];
}

function holdRow(name: string, hold: Hold | null): Row[] {
  if (hold === null) return [];
  const { until, author, reason } = hold;
  return [[name, printableLine(`${stops(hold)} until ${until} by ${author}: ${reason}`)]];
}

/** What it stops. */
export function stops({ drift, evenPanic }: Pick<Hold, "drift" | "evenPanic">): string {
  return ["deploys", ...(drift ? ["drift reverts"] : []), ...(evenPanic ? ["panic"] : [])].join(", ");
}

function quarantineRows({ quarantine }: LocalStatus): Row[] {
  return quarantine.map((path): Row => ["QUARANTINE", shortPath(path)]);
}

function checkRows({ checks }: LocalStatus): Row[] {
  return checks.map(({ name, kind, passesInRow, failuresInRow, message }): Row => {
    const count = failuresInRow > 0 ? `${failuresInRow} failures` : `${passesInRow} passes`;
    return ["CHECK", printableLine(`${name} (${kind}): ${count} in a row; ${message ?? "not run yet"}`)];
  });
}

function problemRows({ problem, unreadable }: LocalStatus, paint: Paint): Row[] {
  const broken = unreadable.map(({ file, reason }): Row => [
    "UNREADABLE",
    paint("red", printableLine(`${file}: ${reason}`)),
  ]);
  if (problem === null) return broken;
  const text = printableLine(`${problem.code}: ${problem.message} (${problem.at})`);
  return [["PROBLEM", paint("yellow", text)], ...broken];
}
