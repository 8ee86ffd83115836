/** What `rollback` goes back to. */
import { StoredHead } from "@chimera/proto/api";
import { WorldId } from "@chimera/proto/names";
import { describe, expect, test } from "vitest";
import { chooseWorld } from "./choose-world.ts";

const at = "2026-11-23T12:00:00.000Z";
const worldOf = (letter: string) => letter.repeat(64);

/** In a row; an upper-case letter: a head that failed, so that the fleet went back from it. */
function heads(letters: string): StoredHead[] {
  return Array.from(letters, (letter, i) =>
    StoredHead.parse({
      id: worldOf("0"),
      revision: i,
      storedAt: at,
      signedBy: [],
      envelope: {
        payloadType: "x",
        payload: "",
        signatures: [{ keyid: "k", sig: Buffer.alloc(64).toString("base64") }],
      },
      head: {
        v: 1,
        kind: "head",
        fleetId: worldOf("f"),
        epoch: 0,
        serial: i + 1,
        world: worldOf(letter.toLowerCase()),
        size: 1,
        previous: null,
        mode: "deploy",
        policy: {},
        revertTo: inForceBefore(letters.slice(0, i), letter),
        consentUntil: null,
        createdAt: at,
        notAfter: at,
        author: "a",
        reason: "",
      },
    }),
  ).toReversed();
}

/** As `next-head.ts` signs it. */
function inForceBefore(before: string, letter: string): string | null {
  const stayed = before.replaceAll(/[A-Z]/g, "");
  const other = stayed.replaceAll(letter.toLowerCase(), " ").trimEnd().at(-1);
  return other === undefined ? null : worldOf(other);
}

const digits = (text: string) => WorldId.parse(text.padEnd(64, "0"));

function choose(letters: string, to: string | undefined) {
  const last = letters.replaceAll(/[A-Z]/g, "").at(-1);
  return chooseWorld(heads(letters), { now: last === undefined ? null : WorldId.parse(worldOf(last)), to });
}

describe("rollback", () => {
  test.each<[string, [string, string | undefined, string]]>([
    ["goes to the world before", ["ab", undefined, "a"]],
    ["skips heads for the world of now", ["abb", undefined, "a"]],
    ["after a rollback goes forth again", ["aba", undefined, "b"]],
    ["after a panic does not go forth to the world that it undid", ["abC", undefined, "a"]],
    ["which --to does", ["abC", "3", "c"]],
    ["never goes to a world that failed before", ["abCd", undefined, "b"]],
    ["nor forth to one after that", ["abCdb", undefined, "d"]],
    ["--to a serial", ["abc", "1", "a"]],
    ["--to the first digits of a world", ["abc", "bbbbbbbb", "b"]],
    ["--to a world that is not in the history", ["ab", worldOf("e"), "e"]],
    ["--to the world of now, as a new order", ["ab", "2", "b"]],
  ])("%s", (_, [letters, to, wanted]) => {
    expect(choose(letters, to)).toBe(worldOf(wanted));
  });
  test("a serial that begins a world too, and one of two epochs, are to be said in more words", () => {
    const [first, second] = heads("ab").toReversed();
    if (first === undefined || second === undefined) throw new Error("two heads");
    const odd = [
      { ...second, head: { ...second.head, serial: 12_345_678 } },
      { ...first, head: { ...first.head, world: digits("12345678") } },
    ];
    const pick = (listed: StoredHead[], to: string) => chooseWorld(listed, { now: second.head.world, to });
    expect(() => pick(odd, "12345678")).toThrow(/fits several worlds: 0\.12345678, world 1234567800000000/u);
    expect(pick(odd, "0.12345678")).toBe(second.head.world);
    expect(pick(odd, "123456780000")).toBe(digits("12345678"));
    const epochs = [{ ...second, head: { ...second.head, serial: 1, epoch: 1 } }, first];
    expect(() => pick(epochs, "1")).toThrow(/fits several worlds: 1\.1, 0\.1/u);
    expect(pick(epochs, "1.1")).toBe(second.head.world);
    expect(pick(epochs, "0.1")).toBe(first.head.world);
  });
  test.each<[string, [string, string | undefined, string]]>([
    ["without heads", ["", undefined, "world-unknown"]],
    ["with one world only", ["aaa", undefined, "world-unknown"]],
    ["from the first world, after all others failed", ["aBC", undefined, "world-unknown"]],
    ["to a serial that is not there", ["ab", "7", "world-unknown"]],
    ["to too few digits", ["ab", "aaaa", "world-unknown"]],
    ["to digits of no world", ["ab", "eeeeeeee", "world-unknown"]],
    ["to what is neither", ["ab", "../../etc", "world-unknown"]],
  ])("%s is refused", (_, [letters, to, code]) => {
    expect(() => choose(letters, to)).toThrow(expect.objectContaining({ code }));
  });
});
