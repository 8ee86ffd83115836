/** SHELL. For the tests of one file: one fleet for all of them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { ControllerConfig } from "../src/config.ts";
import { startTestFleet, type TestFleet } from "./test-fleet.ts";

export function useFleet(limits: Partial<ControllerConfig["limits"]> = {}): () => TestFleet {
  let started: TestFleet | null = null;
  const fleet = (): TestFleet => {
    if (started === null) throw new Error("the fleet is there while a test runs");
    return started;
  };
  beforeAll(async () => {
    started = await startTestFleet(limits);
  });
  afterAll(() => fleet().stop());
  return fleet;
}

/** With low limits; and what the tests of the cache put there and look at. */
export function useCacheFleet() {
  const fleet = useFleet({ narBytes: 4 << 20, closureBytes: 64 * 1024 });
  return {
    fleet,
    put: (path: string, body: unknown, role = "cache-writer") =>
      fleet().call(`/cache/${path}`, {
        method: "PUT",
        body: typeof body === "string" ? Buffer.from(body) : body,
        role,
      }),
    files: (folder: string) => readdirSync(join(fleet().config.cacheDir, folder)),
  };
}
