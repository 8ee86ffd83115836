import { Digest, NodeName } from "@chimera/proto/names";
import { encodeKeptPage } from "@chimera/proto/sessions/kept-page";
import type { OrderNews } from "@chimera/proto/sessions/order-news";
import { execSessions } from "@chimera/proto/sessions/session-order";
import { SessionRun, StreamId, type SessionFacts } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { expect, test } from "vitest";
import type { NodeAnswer } from "../order/judge-answers.ts";
import { createGather, sessionLabel, type Output } from "./gather.ts";
import { exitOf, outcomeRows } from "./outcome.ts";
import { summaryText } from "./outcome-text.ts";

const order = Digest.parse("a".repeat(64));
const [n1, n2, n3] = ["n1", "n2", "n3"].map((name) => NodeName.parse(name));
if (n1 === undefined || n2 === undefined || n3 === undefined) throw new Error("no nodes");
const run = SessionRun.parse("0".repeat(16));
const stream = StreamId.parse("1".repeat(16));
const action = { copies: 1, output: "log", atOnce: null } as const;
const [name] = execSessions(order, action);
if (name === undefined) throw new Error("no session");
const plain = (_: unknown, text: string) => text;

const facts = (node: NodeName, changes: Partial<SessionFacts> = {}): OrderNews => {
  const said = sessionFacts(name, { kind: "task", run, what: "true", ...changes });
  return { kind: "facts", node, facts: said, saidAt: said.createdAt };
};
const page = (node: NodeName, from: number, text: string): OrderNews => ({
  kind: "page",
  node,
  session: name,
  page: Buffer.from(encodeKeptPage({ stream, from, bytes: Buffer.from(text) })).toString("base64"),
});
const started = (node: NodeName): NodeAnswer => ({
  node,
  kind: "accepted",
  at: "",
  session: { kind: "started", sessions: [{ name, run }], failed: null },
});
const gatherOf = (nodes: readonly NodeName[]) => createGather({ order, action, nodes, notAfterMs: 1_000 });
const said = (outputs: readonly Output[]) =>
  outputs.map((output) =>
    output.kind === "bytes"
      ? Buffer.from(output.bytes).toString()
      : output.kind === "gap"
        ? `gap ${output.bytes}`
        : "over",
  );

test("output is shown once, however often its piece comes, and what is kept nowhere is a gap with its size", () => {
  const gather = gatherOf([n1]);
  const take = (news: OrderNews) => said(gather.news(news, 0));
  expect(take(page(n1, 0, "one\n"))).toEqual(["one\n"]);
  expect(take(page(n1, 0, "one\ntwo"))).toEqual(["two"]);
  expect(take(page(n1, 0, "one\n"))).toEqual([]);
  expect(take(page(n1, 100, "far\n"))).toEqual(["gap 93", "far\n"]);
  expect(take({ kind: "page", node: n1, session: name, page: "AAAA" })).toEqual([]);
  expect(take(page(n2, 0, "of a node that was not asked"))).toEqual([]);
});

test("it is over when what each node says to have started has ended and all of its output was shown", () => {
  const gather = gatherOf([n1, n2]);
  expect(gather.isOver(0)).toBe(false);
  gather.answers([started(n1), { node: n2, kind: "refused", code: "exec-forbidden", reason: "off" }]);
  expect(gather.isOver(0)).toBe(false);
  gather.news(facts(n1, { state: "ended", exitCode: 0, bytes: 4 }), 10);
  expect(gather.isOver(10)).toBe(false);
  gather.news(page(n1, 0, "one\n"), 20);
  expect(gather.isOver(20)).toBe(true);
  const rows = gather.nodes().flatMap((view) => outcomeRows(view, action));
  expect(rows.map(({ outcome }) => outcome.kind)).toEqual(["exited", "refused"]);
  expect(exitOf(rows)).toBe(77);
  expect(summaryText(rows, action, plain)).toBe("refused: exec-forbidden: off: n2\nended with 0: n1\n");
});

test("output is waited for as long as its node sends anything; what never comes is a gap with its size", () => {
  const gather = gatherOf([n1, n2]);
  gather.line(true, 0);
  gather.answers([started(n1), { node: n2, kind: "silent" }]);
  expect(said(gather.news(facts(n1, { state: "ended", exitCode: 3, bytes: 12 }), 10))).toEqual([]);
  expect(gather.isOver(9_000)).toBe(false);
  expect(said(gather.news(page(n1, 0, "one\n"), 9_000))).toEqual(["one\n"]);
  expect(gather.isOver(18_000)).toBe(false);
  expect(gather.isOver(19_100)).toBe(true);
  expect(said(gather.finish())).toEqual(["gap 8", "over"]);
  expect(said(gather.finish())).toEqual([]);
  const rows = gather.nodes().flatMap((view) => outcomeRows(view, action));
  expect(exitOf(rows)).toBe(1);
  expect(rows.map(({ outcome }) => outcome)).toEqual([{ kind: "exited", code: 3 }, { kind: "silent" }]);
});

test("while the controller is not heard no time passes for output that is missing", () => {
  const gather = gatherOf([n1]);
  gather.line(true, 0);
  gather.answers([started(n1)]);
  gather.news(facts(n1, { state: "ended", exitCode: 0, bytes: 8 }), 10);
  gather.line(false, 1_000);
  expect(gather.isOver(60_000)).toBe(false);
  gather.line(true, 60_000);
  expect(gather.isOver(69_000)).toBe(false);
  expect(said(gather.news(page(n1, 0, "one\ntwo\n"), 69_000))).toEqual(["one\ntwo\n", "over"]);
  expect(gather.isOver(69_000)).toBe(true);
  expect(said(gather.finish())).toEqual([]);
});

test("an end that was heard is not taken back by what was said before it", () => {
  const gather = gatherOf([n1]);
  expect(said(gather.news(facts(n1, { state: "ended", exitCode: 0 }), 0))).toEqual(["over"]);
  expect(said(gather.news(facts(n1), 0))).toEqual([]);
  expect(said(gather.news(facts(n1, { state: "ended", exitCode: 0 }), 0))).toEqual([]);
  expect(gather.isOver(0)).toBe(true);
});

test("a node whose answer was proven stays so when it starts anew and knows only that the order was used", () => {
  const gather = gatherOf([n1]);
  gather.answers([started(n1)]);
  gather.answers([{ node: n1, kind: "refused", code: "order-used", reason: "" }]);
  gather.answers([{ node: n1, kind: "silent" }]);
  expect(gather.nodes()[0]?.answer?.kind).toBe("accepted");
});

test.each<[string, NodeAnswer[], OrderNews[], number]>([
  ["all that ended with 0", [started(n1)], [facts(n1, { state: "ended", exitCode: 0 })], 0],
  ["one that ended with another code", [started(n1)], [facts(n1, { state: "ended", exitCode: 7 })], 1],
  ["one that a signal ended", [started(n1)], [facts(n1, { state: "ended", signal: "SIGKILL" })], 1],
  ["one that was lost", [started(n1)], [facts(n1, { state: "lost" })], 70],
  ["one that ended, and nobody knows how", [started(n1)], [facts(n1, { state: "ended" })], 70],
  [
    "one that was lost beside one that failed",
    [started(n1)],
    [facts(n1, { state: "lost" }), facts(n2, { state: "ended", exitCode: 2 })],
    1,
  ],
  ["one that still runs", [started(n1)], [facts(n1)], 75],
  ["one that is said to run, and nobody sees", [started(n1)], [], 75],
  ["a node that is away", [{ node: n1, kind: "silent" }], [], 75],
  [
    "a node that could not begin",
    [
      {
        node: n1,
        kind: "accepted",
        at: "",
        session: { kind: "started", sessions: [], failed: { code: "command-missing", message: "no" } },
      },
    ],
    [],
    127,
  ],
  ["a node whose answer nobody can prove", [{ node: n1, kind: "unproven", reason: "" }], [], 77],
])("of %s the code is told", (_, ...[answers, news, code]) => {
  const gather = gatherOf(news.length > 1 ? [n1, n2] : [n1]);
  gather.answers(answers);
  for (const one of news) gather.news(one, 0);
  expect(exitOf(gather.nodes().flatMap((view) => outcomeRows(view, action)))).toBe(code);
});

test("copies are told apart by their number", () => {
  const several = { ...action, copies: 2 };
  const gather = createGather({ order, action: several, nodes: [n1], notAfterMs: 0 });
  const [, second] = execSessions(order, several);
  if (second === undefined) throw new Error("no second session");
  gather.news(facts(n1, { name: second }), 0);
  const [session] = gather.nodes()[0]?.sessions ?? [];
  if (session === undefined) throw new Error("no session");
  expect(sessionLabel(order, session)).toBe("n1#2");
});
