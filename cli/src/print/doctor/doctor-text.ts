/** PURE. Findings line by line: what is well in one line, what is not with its reason and how it is mended. */
import type { Paint, Style } from "../paint.ts";
import { printableLine } from "../printable.ts";
import type { Finding } from "./finding.ts";

const styles: Record<Finding["level"], Style> = { ok: "green", warn: "yellow", fail: "red" };

export function doctorText(findings: readonly Finding[], paint: Paint): string {
  const lines = findings.flatMap((finding) => linesOf(finding, paint));
  return [...lines, sumOf(findings)].map((line) => `${line}\n`).join("");
}

function linesOf({ role, level, what, where, why, mend }: Finding, paint: Paint): string[] {
  const head = `${paint(styles[level], level.padEnd(4))}  ${role}  ${printableLine(what)} (${printableLine(where)})`;
  const more = [
    ...(why === null ? [] : [`      why:  ${printableLine(why)}`]),
    ...(mend === null ? [] : [`      mend: ${printableLine(mend)}`]),
  ];
  return [head, ...more];
}

function sumOf(findings: readonly Finding[]): string {
  const count = (level: Finding["level"]) => findings.filter((one) => one.level === level).length;
  return `${count("ok")} ok, ${count("warn")} to look at, ${count("fail")} wrong`;
}
