/** The key exchange and its messages, in the hands of somebody who only carries them. */
import { expect, test } from "vitest";
import { Digest } from "../names.ts";
import { createExchange, ExchangeHalf, KeyMessage, openTyped, sealTyped, type Typed } from "./keyboard.ts";

const order = Digest.parse("a".repeat(64));
const [operator, node] = [createExchange(), createExchange()];
const key = operator.keyWith(node.half, order);
const typed: Typed = { kind: "keys", keys: Buffer.from("ls\r").toString("base64") };
const message = sealTyped(key, { order, seq: 1, typed });

test("both come to one key, for this order only", () => {
  expect(node.keyWith(operator.half, order)).toEqual(key);
  expect(node.keyWith(operator.half, Digest.parse("b".repeat(64)))).not.toEqual(key);
  expect(ExchangeHalf.parse(operator.half)).toBe(operator.half);
});

test("what the holder typed is heard once, and in its sequence", () => {
  expect(openTyped(key, KeyMessage.parse(JSON.parse(JSON.stringify(message))), 0)).toEqual(typed);
  expect(() => openTyped(key, message, 1)).toThrow(expect.objectContaining({ code: "order-used" }));
});

test.each<[string, Partial<KeyMessage>]>([
  ["other keys", { typed: { kind: "keys", keys: Buffer.from("rm -rf /\r").toString("base64") } }],
  ["another number", { seq: 2 }],
  ["another order", { order: Digest.parse("c".repeat(64)) }],
  ["a release that nobody gave", { typed: { kind: "release" } }],
  ["a size in the place of keys", { typed: { kind: "size", size: { columns: 80, rows: 24 } } }],
  ["no signature", { mac: "0".repeat(64) }],
])("%s under it are refused", (_, changes) => {
  expect(() => openTyped(key, { ...message, ...changes }, 0)).toThrow(
    expect.objectContaining({ code: "signature-invalid" }),
  );
});

test("a half that gives the key away is refused", () => {
  for (const bytes of [Buffer.alloc(32), Buffer.from([1, ...Buffer.alloc(31)])])
    expect(() => operator.keyWith(bytes.toString("base64"), order)).toThrow(
      expect.objectContaining({ code: "input-invalid" }),
    );
});

test.each([
  ["too many keys", { ...message, typed: { kind: "keys", keys: Buffer.alloc(5000).toString("base64") } }],
  ["keys in no canonical form", { ...message, typed: { kind: "keys", keys: "bHMN==" } }],
  [
    "a terminal of a million columns",
    { ...message, typed: { kind: "size", size: { columns: 1e6, rows: 24 } } },
  ],
  ["no number", { ...message, seq: 0 }],
])("%s are no message", (_, value) => {
  expect(KeyMessage.safeParse(value).success).toBe(false);
});
