/** The keyboard of a session in a real tmux: who holds it types, byte by byte; everybody else changes nothing. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { Digest } from "@chimera/proto/names";
import { createExchange, sealTyped } from "@chimera/proto/sessions/keyboard";
import type { KeyboardAction } from "@chimera/proto/sessions/session-order";
import {
  SessionName,
  SessionRun,
  type SessionFacts,
  type TerminalSize,
} from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createKeyboardDesk, type KeyboardDesk } from "../control/sessions/keyboard-desk.ts";
import { askKeyboard, keys } from "../control/sessions/keyboard-fixture.ts";
import { openTypist } from "../host/sessions/open-typist.ts";
import { createTmuxFixture, type TmuxFixture } from "../host/sessions/tmux-fixture.ts";

const session = SessionName.parse("task-1");
const run = SessionRun.parse("0123456789abcdef");
const patient = { timeout: 10_000, interval: 10 };
const facts: SessionFacts = sessionFacts(session, { kind: "task", run, what: "cat", output: "terminal" });

let tmux: TmuxFixture;
let desk: KeyboardDesk;
let shown: SessionFacts | null;
let id: string;
let holders: (string | null)[];
let typed: number;
let resized: number;

beforeEach(() => {
  tmux = createTmuxFixture();
  // Raw: what arrives in the file is what was typed.
  id = tmux.open(session, `stty raw -echo; echo ready; cat > ${join(tmux.folder, "typed")}`);
  [shown, holders, typed, resized] = [facts, [], 0, 0];
  desk = createKeyboardDesk({
    facts: (name) => (name === session ? shown : null),
    async open(_, onEnd) {
      const typist = await openTypist({ socket: tmux.socket, session: id, onEnd });
      const resize = (wanted: TerminalSize) => {
        resized += 1;
        return typist.resize(wanted);
      };
      return { ...typist, resize };
    },
    onHolder: () => holders.push(desk.holderOf(session)?.holder ?? null),
    onTyped: () => undefined,
    onOver: ({ typedBytes }) => (typed += typedBytes),
    log: createLog({ fields: {}, write: () => undefined }),
  });
});
afterEach(async () => {
  desk.close();
  await tmux.dispose();
});

const arrived = () => {
  const file = join(tmux.folder, "typed");
  return existsSync(file) ? readFileSync(file).toString("latin1") : "";
};
const isReady = () =>
  vi.waitFor(() => expect(tmux.tmux("-N", "capture-pane", "-p", "-t", id)).toContain("ready"), patient);

const ask = (author: string, changes: Partial<KeyboardAction> = {}, seconds?: number) =>
  askKeyboard(desk, author, { action: { session, run, ...changes }, seconds });

const allBytes = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(byte)).join("");

test("whoever holds it types every byte there is, in one piece and in its sequence", async () => {
  await isReady();
  const anna = await ask("anna");
  expect(anna.answer).toMatchObject({ kind: "keyboard", session, run, before: null });
  expect(desk.holderOf(session)).toMatchObject({ holder: "anna (anna-1)", order: anna.id });
  const text = Array.from({ length: 12 }, () => allBytes).join("");
  anna.type(1, text);
  anna.type(2, "end");
  await vi.waitFor(() => expect(arrived()).toHaveLength(text.length + 3), patient);
  expect(arrived()).toBe(`${text}end`);
  desk.close();
  expect(typed).toBe(text.length + 3);
  expect(holders).toEqual(["anna (anna-1)", null]);
});

test("what the holder did not type, or typed before, changes nothing", async () => {
  await isReady();
  const anna = await ask("anna");
  const eve = createExchange().keyWith(createExchange().half, anna.id);
  anna.type(1, "a");
  anna.type(1, "b");
  anna.send(2, keys("c"), { key: eve });
  anna.send(9, keys("d"), { key: Buffer.alloc(32) });
  anna.send(3, keys("e"), { order: Digest.parse("e".repeat(64)) });
  const changed = { ...sealTyped(anna.key, { order: anna.id, seq: 4, typed: keys("f") }), seq: 5 };
  desk.take(session, Buffer.from(JSON.stringify(changed)));
  desk.take(session, Buffer.from("rm -rf /\r"));
  desk.take(session, Buffer.alloc(1 << 20, 0x41));
  desk.take(SessionName.parse("task-2"), Buffer.from(JSON.stringify(changed)));
  anna.type(2, "z");
  await vi.waitFor(() => expect(arrived()).toContain("z"), patient);
  expect(arrived()).toBe("az");
});

test("another one takes it only with --take, and whoever had it types no more", async () => {
  await isReady();
  const anna = await ask("anna");
  const bob = await ask("bob");
  expect(bob.answer).toMatchObject({
    kind: "refused",
    code: "keyboard-held",
    message: expect.stringContaining("anna (anna-1)"),
  });
  bob.type(1, "b");
  const taking = await ask("bob", { take: true });
  expect(taking.answer).toMatchObject({ kind: "keyboard", before: "anna (anna-1)" });
  anna.type(1, "a");
  taking.type(1, "B");
  await vi.waitFor(() => expect(arrived()).toBe("B"), patient);
  // An order of Anna's came late, by a carrier that held it back: it names whoever had it then.
  expect((await ask("anna", { take: true, replaces: anna.id })).answer).toMatchObject({
    kind: "refused",
    code: "keyboard-held",
    held: { order: taking.id, holder: "bob (bob-1)" },
  });
  expect(holders).toEqual(["anna (anna-1)", "bob (bob-1)"]);
});

test("two who ask at once do not both get it", async () => {
  await isReady();
  const both = await Promise.all([ask("anna"), ask("bob")]);
  expect(both.map(({ answer }) => answer.kind)).toEqual(["keyboard", "refused"]);
});

test("its time ends, its holder gives it back, and the end of the session ends it too", async () => {
  await isReady();
  const until = new Date(Date.now() + 300).toISOString();
  const anna = await ask("anna", { until });
  anna.type(1, "a");
  await vi.waitFor(() => expect(desk.holderOf(session)).toBeNull(), patient);
  anna.type(2, "b");
  const bob = await ask("bob");
  bob.type(1, "c");
  bob.send(2, { kind: "release" });
  expect(desk.holderOf(session)).toBeNull();
  bob.type(3, "d");
  await vi.waitFor(() => expect(arrived()).toBe("ac"), patient);
  await ask("carl");
  tmux.tmux("-N", "kill-session", "-t", id);
  await vi.waitFor(() => expect(desk.holderOf(session)).toBeNull(), patient);
  expect(holders).toEqual(["anna (anna-1)", null, "bob (bob-1)", null, "carl (carl-1)", null]);
});

const size = () => tmux.tmux("-N", "display-message", "-p", "-t", id, "#{window_width}x#{window_height}");

test("the holder says how large the terminal is", async () => {
  await isReady();
  const anna = await ask("anna");
  anna.send(1, { kind: "size", size: { columns: 111, rows: 33 } });
  await vi.waitFor(() => expect(size()).toBe("111x33"), patient);
  anna.send(2, { kind: "size", size: { columns: 90, rows: 20 } }, { key: Buffer.alloc(32) });
  anna.send(3, { kind: "size", size: { columns: 100, rows: 30 } });
  await vi.waitFor(() => expect(size()).toBe("100x30"), patient);
});

test("of a storm of sizes the last one counts, however long its terminal did not answer, and what is typed keeps its place", async () => {
  await isReady();
  const anna = await ask("anna");
  const server = Number(tmux.tmux("-N", "display-message", "-p", "#{pid}"));
  process.kill(server, "SIGSTOP");
  anna.type(1, "before");
  for (let seq = 2; seq <= 5000; seq += 1)
    anna.send(seq, { kind: "size", size: { columns: 20 + (seq % 300), rows: 5 + (seq % 100) } });
  anna.send(5001, { kind: "size", size: { columns: 97, rows: 31 } });
  anna.type(5002, "after");
  process.kill(server, "SIGCONT");
  await vi.waitFor(() => expect(arrived()).toBe("beforeafter"), patient);
  expect(size()).toBe("97x31");
  expect(resized).toBe(1);
});

interface Untypable {
  changes: Partial<SessionFacts> | null;
  action?: Partial<KeyboardAction>;
  code: string;
}

test.each<[string, Untypable]>([
  ["that is not there", { changes: null, code: "not-found" }],
  [
    "of that name, but another one",
    { changes: {}, action: { run: SessionRun.parse("f".repeat(16)) }, code: "order-stale" },
  ],
  ["that is over", { changes: { state: "ended" }, code: "not-found" }],
  ["that was lost", { changes: { state: "lost" }, code: "not-found" }],
  ["of the sentinel", { changes: { kind: "sentinel" }, code: "role-forbidden" }],
  ["that shows a deployment", { changes: { kind: "deploy" }, code: "role-forbidden" }],
  ["without a terminal", { changes: { output: "log" }, code: "input-invalid" }],
  [
    "with half a key that gives it away",
    { changes: {}, action: { half: Buffer.alloc(32).toString("base64") }, code: "input-invalid" },
  ],
])("nobody gets the keyboard of a session %s", async (_, { changes, action = {}, code }) => {
  shown = changes === null ? null : { ...facts, ...changes };
  expect((await ask("anna", action)).answer).toMatchObject({ kind: "refused", code });
  expect(desk.holderOf(session)).toBeNull();
});

test.each([
  [4096, 200],
  [1, 20_000],
])(
  "somebody who sends more than the terminal takes, %i bytes at once, loses it, and the node's memory stays",
  async (bytes, most) => {
    const stopped = tmux.open("stopped", "stty raw -echo; kill -STOP $$");
    id = stopped;
    const anna = await ask("anna");
    for (let seq = 1; seq <= most; seq += 1) anna.type(seq, "x".repeat(bytes));
    expect(desk.holderOf(session)).toBeNull();
  },
);
