import { expect, test } from "vitest";
import { fleetId, keySet1 } from "../test/fixture/test-keys.ts";
import { parseConfig } from "./config.ts";

const valid = {
  fleetId,
  nats: { servers: ["nats://hub:4222"], seedFile: "/seed" },
  cacheDir: "/cache",
  tokensFile: "/tokens",
  nodesFile: "/nodes",
  trustedKeys: keySet1,
};

test("fills in defaults and listens only on this machine unless told otherwise", () => {
  const config = parseConfig(JSON.stringify(valid), "f.json");
  expect(config.listen).toEqual({ host: "127.0.0.1", port: 7070 });
  expect(config.natsServer.port).toBe(4222);
});

test.each([
  [{ ...valid, fleetID: "x" }, "fleetID: unknown key"],
  [{ ...valid, limits: { uploads: 0 } }, "limits.uploads: "],
  [{ ...valid, fleetId: "abc" }, "fleetId: a digest has 64 hex digits"],
  [{ ...valid, cacheDir: "relative" }, "cacheDir: must be an absolute path"],
  [{ ...valid, fleetId: "a".repeat(64) }, `trustedKeys: the key set is of fleet ${fleetId}`],
  [{ ...valid, trustedKeys: { ...keySet1, payload: "AA==" } }, "trustedKeys: "],
  [{ ...valid, freshKeyFile: "fresh.key" }, "freshKeyFile: must be an absolute path"],
])("names the file and the field that is wrong", (config, expected) => {
  expect(() => parseConfig(JSON.stringify(config), "/etc/f.json")).toThrow(/configuration \/etc\/f\.json: /);
  expect(() => parseConfig(JSON.stringify(config), "/etc/f.json")).toThrow(expected);
});

test("names a file that is no JSON", () => {
  expect(() => parseConfig("{", "/etc/f.json")).toThrow("configuration /etc/f.json is not JSON");
});
