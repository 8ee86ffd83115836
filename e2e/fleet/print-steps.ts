// PURE. The table of steps and their times at the end of a run.
import Table from "cli-table3";

export interface Step {
  name: string;
  ms: number;
}

export function printSteps(steps: readonly Step[]): string {
  const table = new Table({
    head: ["step", "seconds"],
    colAligns: ["left", "right"],
    style: { head: [], border: [] },
  });
  for (const { name, ms } of steps) table.push([name, (ms / 1000).toFixed(2)]);
  return table.toString();
}
