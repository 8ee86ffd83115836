/** Who has the keyboard of a session after orders of several operators, whose clocks differ. */
import { createLog } from "@chimera/proto/log";
import type { KeyboardAction } from "@chimera/proto/sessions/session-order";
import { SessionName, SessionRun } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { beforeEach, expect, test } from "vitest";
import { createKeyboardDesk, type KeyboardDesk } from "./keyboard-desk.ts";
import { askKeyboard } from "./keyboard-fixture.ts";

const session = SessionName.parse("task-1");
const run = SessionRun.parse("0123456789abcdef");

let desk: KeyboardDesk;
let holders: (string | null)[];
let reasons: string[];

beforeEach(() => {
  [holders, reasons] = [[], []];
  desk = createKeyboardDesk({
    facts: () => sessionFacts(session, { kind: "task", run, output: "terminal" }),
    // Nobody types here: a terminal makes no difference.
    open: () =>
      Promise.resolve({
        type: () => Promise.resolve(),
        resize: () => Promise.resolve(),
        close: () => undefined,
      }),
    onHolder: () => holders.push(desk.holderOf(session)?.holder ?? null),
    onTyped: () => undefined,
    onOver: ({ reason }) => reasons.push(reason),
    log: createLog({ fields: {}, write: () => undefined }),
  });
});

const ask = (author: string, changes: Partial<KeyboardAction> = {}, seconds?: number) =>
  askKeyboard(desk, author, { action: { session, run, ...changes }, seconds });

const [slow, fast] = [-600, 600];

test.each([
  ["slow, from one whose clock is right", 0, slow],
  ["slow, from one whose clock is fast", fast, slow],
  ["right, from one whose clock is ten minutes fast", fast, 0],
  ["fast, from one whose clock is slow", slow, fast],
])("it is taken, and taken back, by one whose clock is %s", async (_, annas, bobs) => {
  const anna = await ask("anna", {}, annas);
  expect(anna.answer.kind).toBe("keyboard");
  const bob = await ask("bob", { take: true }, bobs);
  expect(bob.answer).toMatchObject({ kind: "keyboard", before: "anna (anna-1)" });
  expect((await ask("anna", { take: true }, annas)).answer.kind).toBe("keyboard");
  expect(holders).toEqual(["anna (anna-1)", "bob (bob-1)", "anna (anna-1)"]);
});

test.each([slow, 0, fast])(
  "whoever goes on takes nothing back from one who took it meanwhile, by a clock that is %i s ahead",
  async (seconds) => {
    const anna = await ask("anna", {}, 0);
    const goesOn = { take: true, renews: true, replaces: anna.id };
    const bob = await ask("bob", { take: true, replaces: anna.id }, 1);
    expect((await ask("anna", goesOn, seconds)).answer).toMatchObject({ code: "keyboard-held" });
    expect(desk.holderOf(session)?.holder).toBe("bob (bob-1)");
    bob.send(1, { kind: "release" });
    expect((await ask("anna", goesOn, seconds)).answer).toMatchObject({ code: "order-stale" });
    expect(desk.holderOf(session)).toBeNull();
  },
);

test("whoever goes on under another order gave it to nobody meanwhile, and no account says so", async () => {
  const anna = await ask("anna");
  const again = await ask("anna", { take: true, renews: true, replaces: anna.id });
  expect(again.answer.kind).toBe("keyboard");
  expect(reasons).toEqual(["its holder signed for it anew"]);
  // Somebody else says that he goes on.
  const other = await ask("bob", { take: true, renews: true, replaces: again.id });
  expect(other.answer).toMatchObject({ kind: "keyboard", before: "anna (anna-1)" });
  expect(reasons).toEqual(["its holder signed for it anew", "somebody else took it"]);
});

test("of an operator whose chimera is older, and names nothing, the newer order counts", async () => {
  const old = { take: true, replaces: undefined };
  await ask("anna", old, 10);
  expect((await ask("bob", old, 9)).answer).toMatchObject({ kind: "refused", code: "order-stale" });
  expect((await ask("bob", old, 11)).answer).toMatchObject({ kind: "keyboard", before: "anna (anna-1)" });
});
