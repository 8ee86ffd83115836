/** PURE. What a check of the audit log came to, line by line: what was compared with what, then what was found. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { someNames } from "../some-names.ts";
import { shownTime } from "../timeline/entry.ts";

export interface AuditReportParts {
  log: {
    size: number;
    root: string;
    firstAt: string | null;
    lastAt: string | null;
    open: readonly { index: number; at: string; act: string }[];
  };
  memories: readonly {
    who: string;
    kind: "signed" | "copy" | "node";
    size: number;
    at: string | null;
    state: "same" | "changed" | "cut" | "lost";
  }[];
  findings: readonly { index: number | null; what: string }[];
  silent: readonly string[];
  isSigning: boolean;
}

const stateWords = {
  same: "the same",
  changed: "ANOTHER",
  cut: "MORE than there is",
  lost: "of the log whose loss was accepted",
} as const;
const whose = { signed: "signed by", copy: "kept as", node: "carried by" } as const;
const mostOpen = 10;

export function auditReportText(report: AuditReportParts, paint: Paint): string {
  const { log, memories, findings } = report;
  const lines = [
    sizeLine(log),
    ...memories.map((memory) => memoryLine(memory, paint)),
    ...missingLines(report, paint),
    ...openLines(log.open),
    ...findings.map(({ index, what }) => {
      const where = index === null ? "" : `entry ${index}: `;
      return paint("red", `FOUND  ${where}${what}`);
    }),
  ];
  return lines.map((line) => `${printableLine(line)}\n`).join("");
}

function sizeLine({ size, root, firstAt, lastAt }: AuditReportParts["log"]): string {
  if (firstAt === null || lastAt === null) return "the audit log has no entries";
  const span = `from ${shownTime(firstAt)} to ${shownTime(lastAt)}`;
  return `the audit log has ${countOf(size)} ${span}, root ${root.slice(0, 16)}`;
}

function memoryLine(
  { who, kind, size, at, state }: AuditReportParts["memories"][number],
  paint: Paint,
): string {
  const when = at === null ? "" : ` at ${shownTime(at)}`;
  const word = state === "same" || state === "lost" ? stateWords[state] : paint("red", stateWords[state]);
  return `${whose[kind]} ${who}: ${countOf(size)}${when}: ${word}`;
}

function missingLines({ silent, memories, isSigning }: AuditReportParts, paint: Paint): string[] {
  const note = (text: string) => paint("yellow", text);
  return [
    ...(isSigning ? [] : [note("nothing is signed: the key set gives the role fresh to nobody")]),
    ...(isSigning && !memories.some(({ kind }) => kind === "signed")
      ? [note("the online key has signed nothing of it yet")]
      : []),
    ...(silent.length === 0 ? [] : [note(`not carried by ${someNames(silent)}`)]),
    ...(memories.some(({ kind }) => kind === "copy") ? [] : [note("this machine has not checked it before")]),
  ];
}

function openLines(open: AuditReportParts["log"]["open"]): string[] {
  if (open.length === 0) return [];
  const named = open.slice(-mostOpen).map(({ index, act }) => `${index} (${act})`);
  const more = open.length > mostOpen ? `, and ${open.length - mostOpen} before` : "";
  return [`begun, and nothing is said of what came of it: ${named.join(", ")}${more}`];
}

function countOf(count: number): string {
  return count === 1 ? "1 entry" : `${count} entries`;
}
