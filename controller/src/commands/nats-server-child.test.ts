import { expect, test } from "vitest";
import { isOlder } from "./nats-server-child.ts";

test.each([
  ["nats-server: v2.11.4", true],
  ["nats-server: v2.14.2", true],
  ["nats-server: v2.14.3", false],
  ["nats-server: v2.15.0", false],
  ["nats-server: v3.0.0", false],
  ["nats-server: v1.99.9", true],
  ["something else", true],
])("knows whether %j is too old: %s", (shown, older) => {
  expect(isOlder(shown)).toBe(older);
});
