import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRefusalBook } from "./refusal-book.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => vi.useRealTimers());

const refusal = { document: "head", code: "order-stale", signedBy: [], envelope: null } as const;

test("what is refused at every look is told once, and its time in the status does not move", () => {
  const events: NodeEventBody[] = [];
  const book = createRefusalBook({
    report: (event) => events.push(event),
    onNews: () => undefined,
    log: createLog({ fields: {}, write: () => undefined }),
  });
  vi.setSystemTime("2026-11-23T12:00:00.000Z");
  book.note({ ...refusal, reason: "below 0.7" });
  vi.setSystemTime("2026-11-23T12:00:30.000Z");
  book.note({ ...refusal, reason: "below 0.7" });
  expect(book.problem()).toMatchObject({ code: "order-stale", at: "2026-11-23T12:00:00.000Z" });
  expect(events).toHaveLength(1);
  book.note({ ...refusal, reason: "below 0.8" });
  expect(book.problem()).toMatchObject({ message: "below 0.8", at: "2026-11-23T12:00:30.000Z" });
  expect(events).toHaveLength(2);
});
