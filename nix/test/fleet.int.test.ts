/** mkFleet on nixpkgs' own module system (CHIMERA_NIXPKGS_LIB); its checks alone are in pure.int.test.ts. */
import { describe, expect, test } from "vitest";
import { evaluateWithLib, nixpkgsLib } from "./evaluate.ts";
import { exampleKeys } from "./example-keys.ts";

const fleet = (attribute: string) => evaluateWithLib("tests/fleet.nix", attribute);

describe.skipIf(nixpkgsLib === undefined)("mkFleet in nixpkgs' module system (CHIMERA_NIXPKGS_LIB)", () => {
  test("a node's name is its host name and its name in the fleet, and its own modules come last", async () => {
    const { value, error } = await fleet("nodes");
    expect(value, error).toMatchObject({
      n1: {
        hostName: "n1",
        whoami: "n1",
        hostPlatform: "x86_64-linux",
        agent: { node: "n1", drift: { mode: "report" } },
      },
      n2: { hostName: "n2", whoami: "n2", hostPlatform: "aarch64-linux", agent: null },
    });
  });

  test("every node is installed with the fleet's key set, a controller too, and a node's own modules may set another", async () => {
    const { value, error } = await fleet("nodes");
    expect(value, error).toMatchObject({
      n1: { problems: [], agent: { trustedKeys: exampleKeys.first }, controller: null },
      hub: {
        problems: [],
        agent: { trustedKeys: exampleKeys.second },
        controller: { trustedKeys: exampleKeys.first },
      },
    });
  });

  test("the attribute `chimera` says what chimera.toml would", async () => {
    const { value } = await fleet("chimera");
    expect(value).toMatchObject({ v: 1, nodes: { n1: { tags: ["canary"] }, n2: { tags: [] } } });
  });

  test.each([
    ["otherName", "services.chimera.agent.settings.node' has conflicting definition values"],
    ["withoutKeys", "services.chimera.agent.settings.trustedKeys' was accessed but has no value defined"],
    ["badNodeName", 'mkFleet: node "Web_1": a node name has 1-63'],
  ])("refuses %s", async (attribute, message) => {
    const { value, error } = await fleet(attribute);
    expect(value).toBeUndefined();
    expect(error).toContain(message);
  });
});
