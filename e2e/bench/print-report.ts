// PURE. A benchmark's report as a table for people.
import Table from "cli-table3";
import type { BenchReport, Figure, Peer } from "./figures.ts";

export function printReport(report: BenchReport): string {
  const table = new Table({
    head: ["figure", "n", "p50 / value", "p99", "max", "unit", "bound", "ok"],
    style: { head: [], border: [] },
  });
  for (const figure of report.figures) {
    table.push([
      figure.name,
      figure.n,
      ...numbers(figure),
      figure.unit,
      figure.bound,
      figure.ok ? "yes" : "NO",
    ]);
    for (const peer of figure.peers) {
      table.push([`  beside ${peer.name}`, "", ...numbers(peer), figure.unit, `ratio ${peer.ratio}`, ""]);
    }
  }
  const machine = Object.entries(report.machine).map(([name, value]) => `${name} ${value}`);
  const settings = report.figures.flatMap(({ peers }) =>
    peers.map((peer) => `${peer.name}: ${peer.settings}`),
  );
  return [`${report.bench}, ${report.at}, ${machine.join(", ")}`, table.toString(), ...settings, ""].join(
    "\n",
  );
}

function numbers(figure: Figure | Peer): (string | number)[] {
  return "value" in figure ? [figure.value, "", ""] : [figure.p50, figure.p99, figure.max];
}
