/** What follows an order for a command over the controller: all that is known, then all that comes, and nothing of other sessions. */
import { encodeKeptPage } from "@chimera/proto/sessions/kept-page";
import { OrderNews } from "@chimera/proto/sessions/order-news";
import { execSessions } from "@chimera/proto/sessions/session-order";
import { StreamId, type SessionFacts, type SessionName } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { Digest } from "@chimera/proto/names";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsNode } from "../fixture/raw-nats.ts";
import { startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";

const stream = StreamId.parse("0123456789abcdef");
const order = (digit: string) => Digest.parse(digit.repeat(64));

let fleet: TestFleet;
let nodes: Map<string, NatsConnection>;
beforeAll(async () => {
  fleet = await startTestFleet();
  nodes = new Map([
    ["n1", await connectAsNode(fleet, "n1")],
    ["n2", await connectAsNode(fleet, "n2")],
  ]);
});
afterAll(async () => {
  for (const node of nodes.values()) await node.close();
  await fleet.stop();
});

async function say(node: string, name: SessionName, changes: Partial<SessionFacts> = {}): Promise<void> {
  const connection = nodes.get(node);
  connection?.publish(
    subjects.session(fleetId, node, name),
    JSON.stringify(sessionFacts(name, { kind: "task", what: "true", ...changes })),
  );
  await connection?.flush();
}

async function write(node: string, session: SessionName, text: string): Promise<void> {
  const page = encodeKeptPage({ stream, from: 0, bytes: Buffer.from(text) });
  const connection = nodes.get(node);
  connection?.publish(subjects.sessionPage(fleetId, node, { session, page: 0 }), page);
  await connection?.flush();
}

async function follow(path: string, role = "viewer") {
  const leaving = new AbortController();
  const response = await fetch(`${fleet.url}${path}`, {
    headers: { Authorization: `Bearer ${fleet.tokens.get(role) ?? ""}` },
    signal: leaving.signal,
  });
  const heard: OrderNews[] = [];
  const reading = (async () => {
    let rest = "";
    for await (const chunk of response.body ?? []) {
      const lines = (rest + Buffer.from(chunk).toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      heard.push(...lines.map((line) => OrderNews.parse(JSON.parse(line))));
    }
  })().catch(() => undefined);
  return { status: response.status, heard, leave: () => leaving.abort(), reading };
}

const kinds = (heard: readonly OrderNews[]) =>
  heard.flatMap((news) =>
    news.kind === "facts"
      ? [`${news.node} ${news.facts.name} ${news.facts.state}`]
      : news.kind === "page"
        ? [`${news.node} ${news.session} page`]
        : news.kind === "told"
          ? ["told"]
          : [],
  );

test("tells what is known, then what comes, of all nodes and of this order alone", async () => {
  const [mine, other] = [
    execSessions(order("a"), { copies: 1 })[0],
    execSessions(order("b"), { copies: 1 })[0],
  ];
  if (mine === undefined || other === undefined) throw new Error("no sessions");
  await say("n1", mine);
  await write("n1", mine, "one\n");
  await say("n1", other);
  const { heard, leave, reading } = await follow(`/v1/orders/${order("a")}/sessions`);
  await eventually("what is known", () => kinds(heard).includes("told"));
  expect(kinds(heard)).toEqual([`n1 ${mine} running`, `n1 ${mine} page`, "told"]);
  await say("n2", mine);
  await say("n2", other);
  await write("n1", mine, "one\ntwo\n");
  await say("n1", mine, { state: "ended", exitCode: 0, bytes: 8 });
  await eventually("what comes", () => kinds(heard).includes(`n1 ${mine} ended`));
  expect(kinds(heard).slice(3)).toEqual([`n2 ${mine} running`, `n1 ${mine} page`, `n1 ${mine} ended`]);
  leave();
  await reading;
});

test("of many sessions it tells all of them, and no others", async () => {
  const mine = execSessions(order("c"), { copies: 100 });
  const [another] = execSessions(order("d"), { copies: 100 });
  for (const name of mine) await say("n1", name);
  if (another !== undefined) await say("n1", another);
  const { heard, leave } = await follow(`/v1/orders/${order("c")}/sessions?copies=100`);
  await eventually("all of them", () => kinds(heard).includes("told"));
  expect(new Set(kinds(heard))).toEqual(new Set([...mine.map((name) => `n1 ${name} running`), "told"]));
  leave();
});

test("is for those who may read, and for ids", async () => {
  expect((await follow(`/v1/orders/${order("a")}/sessions`, "n1")).status).toBe(403);
  expect((await follow("/v1/orders/abc/sessions")).status).toBe(422);
  expect((await follow(`/v1/orders/${order("a")}/sessions?copies=1000000`)).status).toBe(422);
});

test("those who follow and go leave their place to others", async () => {
  for (let round = 0; round < 70; round += 1) {
    const one = await follow(`/v1/orders/${order("a")}/sessions`);
    expect(one.status).toBe(200);
    one.leave();
    await one.reading;
  }
});
