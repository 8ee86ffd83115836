import { expect, test } from "vitest";
import { castEvent, castHeader, readCastEvent, readCastHeader } from "./cast.ts";

const size = { columns: 80, rows: 24 };

test("what is written is read, and is what other players read", () => {
  const header = castHeader({ size, title: "n1/deploy-7", timestamp: 1_796_000_000 });
  expect(header).toBe('{"version":2,"width":80,"height":24,"timestamp":1796000000,"title":"n1/deploy-7"}\n');
  expect(readCastHeader(header)).toEqual({ size, title: "n1/deploy-7" });
  const output = { kind: "output", atMs: 1234, text: "\u001b[31mred\r\n" } as const;
  expect(castEvent(output)).toBe('[1.234,"o","\\u001b[31mred\\r\\n"]\n');
  for (const step of [
    output,
    { kind: "resize", atMs: 2000, size } as const,
    { kind: "marker", atMs: 2001, text: "7 bytes are missing here" } as const,
  ])
    expect(readCastEvent(castEvent(step))).toEqual(step);
});

test.each([
  "",
  "[]",
  "{}",
  '{"version":1,"width":80,"height":24}',
  '{"version":2,"width":1e9,"height":24}',
  '{"version":2,"width":"80","height":24}',
])("%s is no beginning", (line) => {
  expect(readCastHeader(line)).toBeNull();
});

test.each(["", "{}", "[1]", '[-1,"o","x"]', '["1","o","x"]', '[1,"o",7]', '[1e99,"o","x"]'])(
  "%s is no event",
  (line) => {
    expect(readCastEvent(line)).toBeNull();
  },
);

test("input, and what nobody knows, say nothing", () => {
  expect(readCastEvent('[1,"i","secret"]')).toEqual({ kind: "other", atMs: 1000 });
  expect(readCastEvent('[1,"r","9999999x1"]')).toEqual({ kind: "other", atMs: 1000 });
  expect(readCastEvent('[1,"x","y"]')).toEqual({ kind: "other", atMs: 1000 });
});
