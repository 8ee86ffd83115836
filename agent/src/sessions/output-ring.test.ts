import { expect, test } from "vitest";
import { createOutputRing } from "./output-ring.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (read: Uint8Array): string => new TextDecoder().decode(read);

test("what was written is read by its position, as far as it is kept", () => {
  const ring = createOutputRing(10);
  for (const word of ["one ", "two ", "three "]) ring.append(bytes(word));
  expect([ring.from, ring.to]).toEqual([4, 14]);
  expect(text(ring.read(4, 100))).toBe("two three ");
  expect(text(ring.read(6, 3))).toBe("o t");
  expect(text(ring.read(14, 3))).toBe("");
  expect(() => ring.read(3, 1)).toThrow(RangeError);
  expect(() => ring.read(15, 1)).toThrow(RangeError);
});

test("of more than it holds the end is kept", () => {
  const ring = createOutputRing(4, 100);
  ring.append(bytes("abcdefgh"));
  expect([ring.from, ring.to, text(ring.read(104, 9))]).toEqual([104, 108, "efgh"]);
});

test("after a gap only what follows it is here", () => {
  const ring = createOutputRing(10);
  ring.append(bytes("before"));
  ring.skip(1000);
  ring.append(bytes("after"));
  expect([ring.from, ring.to, text(ring.read(1006, 9))]).toEqual([1006, 1011, "after"]);
});

test("a caller's buffer may be used again, and random writes read back as one text", () => {
  const ring = createOutputRing(1000);
  const buffer = new Uint8Array(7);
  let all = "";
  for (let round = 0; round < 500; round += 1) {
    const length = (round * 31) % 8;
    for (let at = 0; at < length; at += 1) buffer[at] = 97 + ((round + at) % 26);
    ring.append(buffer.subarray(0, length));
    all += text(buffer.subarray(0, length));
  }
  expect(ring.to).toBe(all.length);
  expect(text(ring.read(ring.from, 1e6))).toBe(all.slice(-1000));
  for (let from = ring.from; from < ring.to; from += 37)
    expect(text(ring.read(from, 11))).toBe(all.slice(from, from + 11));
});
