import { generateKey } from "@chimera/proto/signed/keys";
import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import { firstKeySet } from "./control/fleet-fixture.ts";

const minimal = {
  node: "n1",
  fleetId: "f".repeat(64),
  nats: { servers: ["nats://hub:4222"], seedFile: "/var/lib/chimera/identity/nats.seed" },
  controller: { url: "http://hub:7070", tokenFile: "/var/lib/chimera/identity/token" },
  nodeKeyFile: "/var/lib/chimera/identity/node.key",
  trustedKeys: firstKeySet,
  nix: { trustedPublicKeys: [generateKey("cache").public] },
};

const parse = (config: unknown) => parseConfig(JSON.stringify(config), "agent.json");

test("what is left out has the documented default", () => {
  expect(parse(minimal)).toMatchObject({
    stateDir: "/var/lib/chimera",
    runtimeDir: "/run/chimera",
    drift: {
      mode: "revert",
      sweepSeconds: 60,
      ignore: [],
      rules: [],
      showable: [],
      bootedOther: "report",
      classes: {},
      store: { mode: "report", scrub: true, roundHours: 24, walkSeconds: 600 },
    },
    logLevel: "info",
    freshSeconds: 3600,
  });
});

for (const [name, config, field] of [
  ["a misspelt key", { ...minimal, probationSecond: 5 }, "probationSecond"],
  ["a misspelt class of drift", { ...minimal, drift: { classes: { unit: "report" } } }, "unit"],
  [
    "what is to be done about a booted system, in no such word",
    { ...minimal, drift: { bootedOther: "ignore" } },
    "bootedOther",
  ],
  [
    "what is ignored, by a glob with parentheses",
    { ...minimal, drift: { ignore: [{ glob: "/etc/+(a|b)", reason: "x" }] } },
    "parentheses",
  ],
  [
    "what is ignored, by a glob with many stars",
    { ...minimal, drift: { ignore: [{ glob: "/etc/*a*b*c*d", reason: "x" }] } },
    "stars",
  ],
  ["a misspelt key deep inside", { ...minimal, drift: { sweepSecond: 5 } }, "sweepSecond"],
  ["a node name in capitals", { ...minimal, node: "N1" }, "node"],
  ["a relative path", { ...minimal, stateDir: "var" }, "stateDir"],
  ["a key that is none", { ...minimal, nix: { trustedPublicKeys: ["abc"] } }, "trustedPublicKeys"],
  ["the key set of an earlier form", { ...minimal, trust: {} }, "trust"],
  ["trusted keys that are no envelope", { ...minimal, trustedKeys: { keys: [] } }, "trustedKeys"],
  ["freshness of a second", { ...minimal, freshSeconds: 1 }, "freshSeconds"],
  ["a foreign URL scheme", { ...minimal, controller: { ...minimal.controller, url: "file:///x" } }, "url"],
] as const) {
  test(`${name} is refused, by the file's and the field's name`, () => {
    expect(() => parse(config)).toThrow(new RegExp(`^agent.json:[^]*${field}`));
  });
}

test("what is no JSON is refused without repeating it", () => {
  expect(() => parseConfig("{ secret", "agent.json")).toThrow(/^agent.json is not JSON$/);
});
