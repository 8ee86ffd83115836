import { StorageType } from "nats";
import { expect, test } from "vitest";
import { declaredStreams } from "./declared-streams.ts";

test("all that is kept in memory fits into what a server has for it unless told otherwise: else not one stream is made", () => {
  const inMemory = declaredStreams.filter(({ storage }) => storage === StorageType.Memory);
  const bytes = inMemory.reduce((sum, { max_bytes = Infinity }) => sum + max_bytes, 0);
  expect(inMemory.length).toBeGreaterThan(3);
  expect(bytes).toBeLessThan(512 * 1024 * 1024);
});
