/** PURE. The stopwatch of a panic as it runs: which node has reached which mark since the last look, and whose mark is missing. */
import type { NodeName } from "@chimera/proto/names";
import { someNames } from "../print/some-names.ts";
import { printableLine } from "../print/printable.ts";
import { panicMarks, type PanicMark, type PanicNode } from "./panic-progress.ts";

export type PanicNews =
  | { type: "mark"; node: NodeName; mark: PanicMark; ms: number }
  | { type: "problem"; node: NodeName; state: PanicNode["state"]; problem: string; ms: number };

/** In the order of the marks; `before` has the same nodes. */
export function newsSince(
  before: readonly PanicNode[],
  now: readonly PanicNode[],
  atMs: number,
): PanicNews[] {
  const known = new Map(before.map((node) => [node.node, node]));
  const marks = panicMarks.flatMap((mark) =>
    now.flatMap(({ node, marks: reached }): PanicNews[] => {
      const ms = reached[mark];
      const isNew = ms !== null && (known.get(node)?.marks[mark] ?? null) === null;
      return isNew ? [{ type: "mark", node, mark, ms }] : [];
    }),
  );
  const problems = now.flatMap(({ node, state, problem }): PanicNews[] => {
    const isNew = problem !== null && known.get(node)?.problem !== problem;
    return isNew ? [{ type: "problem", node, state, problem, ms: atMs }] : [];
  });
  return [...marks, ...problems];
}

const names: Record<PanicMark, string> = {
  ack: "acknowledged",
  active: "active",
  pointer: "in the profile",
  boot: "boot it",
};

/** For a log: a line for each mark that somebody has reached, "0.8 s: 18 of 20 acknowledged: n3, n7". */
export function newsLines(news: readonly PanicNews[], now: readonly PanicNode[], atMs: number): string[] {
  const at = `${seconds(atMs)}:`;
  const marks = panicMarks.flatMap((mark) => {
    const reached = news.flatMap((one) => (one.type === "mark" && one.mark === mark ? [one.node] : []));
    const line = `${at} ${count(now, mark)} of ${now.length} ${names[mark]}: ${someNames(reached)}`;
    return reached.length === 0 ? [] : [line];
  });
  return [...marks, ...problemLines(news, at)];
}

function problemLines(news: readonly PanicNews[], at: string): string[] {
  return news.flatMap((one) =>
    one.type === "problem" ? [`${at} ${one.node} needs a person: ${printableLine(one.problem)}`] : [],
  );
}

const width = Math.max(...Object.values(names).map((name) => name.length));

/** For a terminal: each mark with who has not reached it, and those that nobody waits for any more. */
export function blockLines(nodes: readonly PanicNode[], atMs: number): string[] {
  const rows = panicMarks.map((mark) => {
    const missing = nodes.filter(({ marks, problem }) => marks[mark] === null && problem === null);
    const rest = missing.map(({ node }) => node);
    const text = rest.length === 0 ? "" : `, ${rest.length} missing: ${someNames(rest)}`;
    return `  ${names[mark].padEnd(width)}  ${count(nodes, mark)} of ${nodes.length}${text}`;
  });
  const failed = nodes.filter(({ problem }) => problem !== null).map(({ node }) => node);
  const persons = failed.length === 0 ? [] : [`  ${failed.length} need a person: ${someNames(failed)}`];
  return [seconds(atMs), ...rows, ...persons];
}

function count(nodes: readonly PanicNode[], mark: PanicMark): number {
  return nodes.filter(({ marks }) => marks[mark] !== null).length;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
