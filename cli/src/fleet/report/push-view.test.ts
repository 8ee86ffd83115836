/** What is said while closures go to the cache: bytes and rate, not more often than somebody reads. */
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { testIo } from "../../../test/fixture/operator.ts";
import { pushText } from "../../print/push-text.ts";
import { createPushView } from "./push-view.ts";

const half = { paths: { done: 3, total: 12 }, bytes: { done: 5 * 1024 ** 2, total: 10 * 1024 ** 2 } };

test("a line has bytes, paths and rate", () => {
  expect(pushText(half, 2000)).toBe("5.0 MiB of 10.0 MiB, 3 of 12 paths, 2.5 MiB/s");
  expect(pushText(half, 0)).toContain("0 B/s");
});

test("piped, a thousand changes in a moment are one line, and the end is one", async () => {
  const { io, said } = testIo(tmpdir());
  const view = await createPushView(io, false);
  for (let i = 0; i < 1000; i += 1) view.update(half);
  view.end({ paths: 12, narBytes: 10 * 1024 ** 2 });
  expect(said.err).toMatch(
    /^pushing 5\.0 MiB of 10\.0 MiB, .*\/s\npushed 12 paths \(10\.0 MiB\) to the cache in \d+\.\d s\n$/u,
  );
});

test("for a program they are documents", async () => {
  const { io, said } = testIo(tmpdir());
  const view = await createPushView(io, true);
  view.update(half);
  view.end({ paths: 12, narBytes: 7 });
  const lines = said.out.trim().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { type: "pushing", bytes: half.bytes, bytesPerSecond: expect.any(Number) },
    { type: "pushed", paths: 12, narBytes: 7 },
  ]);
  expect(said.err).toBe("");
});

test("a push that failed is not said to be one", async () => {
  const { io, said } = testIo(tmpdir());
  (await createPushView(io, false)).end();
  expect(said.err).toBe("");
});
