/** `chimera attach -k` at a real terminal, through the real controller and without it, to a node on the wire that gives its keyboard as agents do. */
import { Digest } from "@chimera/proto/names";
import { createExchange, KeyMessage, openTyped } from "@chimera/proto/sessions/keyboard";
import { encodeFrame } from "@chimera/proto/sessions/session-frame";
import { ViewAsk } from "@chimera/proto/sessions/view-ask";
import type { KeyboardAction } from "@chimera/proto/sessions/session-order";
import type { SessionAnswer } from "@chimera/proto/sessions/order-answer";
import type { KeyboardHolder } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { parsePayload, payloadOf, seal } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { Order } from "@chimera/proto/signed/order";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { startDevFleet, type DevFleet } from "../fixture/dev-fleet.ts";
import { main, openTerminal, type Terminal } from "../fixture/run-stage.ts";

const name = "exec-0123456789ab";
const run = "0123456789abcdef";
const hour = 3_600_000;
/** A program is started for a look, on a machine that may be busy. */
const patient = { timeout: 30_000, interval: 100 };
let fleet: DevFleet;
let terminals: Terminal[] = [];
let seats = 0;
/** As the node has it. */
let held: KeyboardHolder | null;
let asked: { order: Order; action: KeyboardAction; id: Digest }[];
let typed: string;
let key: Buffer;
let signer: Signer;

beforeAll(async () => {
  fleet = await startDevFleet(["n1"]);
  await fleet.connectNodes();
  await fleet.publish([fleet.leaf("n1", "one")]);
});
beforeEach(() => {
  [asked, typed, held] = [[], "", null];
  const wire = fleet.node("n1");
  signer = wire.signer;
  wire.onOrder = (id, envelope) => {
    const order = parsePayload(payloadOf(envelope, "order"), Order);
    if (order.action.kind !== "keyboard") return undefined;
    const one = { order, action: order.action, id: Digest.parse(id) };
    asked.push(one);
    const said = { v: 1, kind: "answer", fleetId: fleet.fleetId, node: "n1", order: id, answer: give(one) };
    return { receipt: wire.receiptOf(id), shown: seal("answer", said, [signer]) };
  };
  wire.onOther = hear;
  say();
});
afterEach(async () => {
  for (const terminal of terminals) await terminal.cut();
  terminals = [];
});
afterAll(() => fleet.close());

const facts = () => sessionFacts(name, { kind: "task", run, output: "terminal", keyboard: held });
const say = () => fleet.node("n1").show(name, { facts: facts() });

/** By the rule of agents. */
function give({ order, action, id }: (typeof asked)[number]): SessionAnswer {
  if (held !== null && !(action.take && action.replaces === held.order))
    return { kind: "refused", code: "keyboard-held", message: `${held.holder} holds the keyboard`, held };
  const before = held?.holder ?? null;
  const exchange = createExchange();
  key = exchange.keyWith(action.half, id);
  held = { order: id, holder: order.author, until: action.until };
  say();
  const { session, until } = action;
  return { kind: "keyboard", session, run, half: exchange.half, until, before };
}

function hear(subject: string, text: string): void {
  const ask = ViewAsk.safeParse(JSON.parse(text));
  if (ask.success && !ask.data.view.isOver)
    fleet
      .node("n1")
      .frame(ask.data.view, encodeFrame({ head: { kind: "facts", facts: facts() }, bytes: Buffer.alloc(0) }));
  if (!subject.endsWith(".in")) return;
  const message = KeyMessage.parse(JSON.parse(text));
  const what = openTyped(key, message, 0);
  if (what.kind === "keys") typed += Buffer.from(what.keys, "base64").toString();
}

const somebody = (digit: string): KeyboardHolder => ({
  order: Digest.parse(digit.repeat(64)),
  holder: "bob (bob-1)",
  until: new Date(Date.now() + hour).toISOString(),
});

/** The fleet knows who holds it. */
const isTold = (holder: string) =>
  vi.waitFor(async () => expect((await fleet.chimera("sessions", "--json")).out).toContain(holder), patient);

/** Somebody whose clock is so many seconds ahead. */
async function sitDown(flag: string, aheadSeconds = 0): Promise<Terminal> {
  seats += 1;
  const clock = `const now = Date.now; Date.now = () => now() + ${aheadSeconds * 1000};`;
  const node = [process.execPath, "--import", `data:text/javascript,${encodeURIComponent(clock)}`, main];
  const env = { HOME: fleet.home, PATH: process.env["PATH"] ?? "", USER: "anna", LANG: "C.UTF-8" };
  const seat = { words: node, args: ["attach", flag, `n1/${name}`], cwd: fleet.home, env };
  const terminal = await openTerminal(`${fleet.home}/seat${seats}`, seat, { columns: 120, rows: 30 });
  terminals.push(terminal);
  return terminal;
}

test.each([0, -600, 600])(
  "by a clock that is %i s ahead it is asked for, taken from whoever holds it, and typed with",
  async (aheadSeconds) => {
    held = somebody("b");
    say();
    await isTold("bob (bob-1)");
    const refused = await sitDown("-k", aheadSeconds);
    await refused.until(/bob \(bob-1\) holds the keyboard[^]*\[ended 75\]/u);
    const terminal = await sitDown("--take", aheadSeconds);
    await terminal.until("you hold the keyboard, which bob (bob-1) had");
    expect(asked.at(-1)?.action).toMatchObject({ take: true, replaces: somebody("b").order });
    await terminal.type("ls");
    await vi.waitFor(() => expect(typed).toBe("ls"), patient);
    const { order } = asked.at(-1) ?? {};
    // Nodes' time may be ahead by what the controller takes, ten minutes, and this clock behind by as much.
    const validMs = Date.parse(order?.notAfter ?? "") - Date.parse(order?.createdAt ?? "");
    expect(validMs).toBeGreaterThan(1_200_000 + 60_000);
  },
);

test("whoever takes it names whoever holds it by then, not whom he saw", async () => {
  held = somebody("b");
  say();
  await isTold("bob (bob-1)");
  // Renewed, and the word of it is still under way.
  held = somebody("c");
  const terminal = await sitDown("--take");
  await terminal.until("you hold the keyboard, which bob (bob-1) had");
  expect(asked.map(({ action }) => action.replaces)).toEqual([somebody("b").order, somebody("c").order]);
  expect(new Set(asked.map(({ order }) => order.nonce)).size).toBe(2);
});

test("while the controller is away it is asked for over NATS, and typed with; a node of another key gives none", async () => {
  // Keeps what is signed on this machine.
  expect((await fleet.chimera("status")).code).toBe(0);
  await fleet.killController();
  const terminal = await sitDown("-k");
  await terminal.until("you hold the keyboard");
  await terminal.type("over NATS");
  await vi.waitFor(() => expect(typed).toBe("over NATS"), patient);
  await terminal.keys("C-b", "d");
  await terminal.until("[ended 0]");
  held = null;
  signer = parseSecretKey(generateKey("n1").secret);
  const cheated = await sitDown("-k");
  await cheated.until(/signature[^]*\[ended \d+\]/u);
  await fleet.startController();
});
