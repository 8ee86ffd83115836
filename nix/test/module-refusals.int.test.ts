/** What the modules refuse, in nixpkgs' own module system (CHIMERA_NIXPKGS_LIB), and that each refusal names the option. */
import { describe, expect, test } from "vitest";
import { evaluateWithLib, nixpkgsLib } from "./evaluate.ts";

describe.skipIf(nixpkgsLib === undefined)("what the modules refuse (CHIMERA_NIXPKGS_LIB)", () => {
  const agentOption = "services.chimera.agent";
  const controllerOption = "services.chimera.controller";

  test.each([
    ["secretInStore", `${agentOption}.settings.nats.seedFile: a secret must not live in the Nix store`],
    ["secretAsCopiedPath", `${agentOption}.settings.nodeKeyFile: a secret must not live in the Nix store`],
    ["secretRelative", `${agentOption}.settings.controller.tokenFile: an absolute path`],
    ["secretWithDots", `${agentOption}.settings.controller.tokenFile: an absolute path without ..`],
    ["controllerSeedInStore", `${controllerOption}.natsSeedFile: a secret must not live in the Nix store`],
    [
      "standInUndeclared",
      `${controllerOption}.standIn: services.chimera.controller.nodes.stand-in must be declared`,
    ],
    [
      "standInSeedInStore",
      `${controllerOption}.standIn.natsSeedFile: a secret must not live in the Nix store`,
    ],
    ["freshKeyInStore", `${controllerOption}.freshKeyFile: a secret must not live in the Nix store`],
    ["freshKeyCopied", `${controllerOption}.settings.freshKeyFile: a secret must not live in the Nix store`],
    ["keysOfAnotherFleet", `${agentOption}.settings.trustedKeys: is key set 1 of fleet`],
    ["laterKeysOfAnotherFleet", `${agentOption}.settings.trustedKeys: is key set 2 of fleet`],
    ["controllerKeysOfAnotherFleet", `${controllerOption}.settings.trustedKeys: is key set 1 of fleet`],
    ["headAsKeys", `${agentOption}.settings.trustedKeys.payloadType: is "application/vnd.chimera.head`],
    ["unfinishedKeys", `${agentOption}.settings.trustedKeys.signatures: name 1 of 2 root keys`],
    ["requireSigsOff", "nix.settings.require-sigs must stay on"],
    ["nixOff", "nix.enable is false"],
    ["foreignNodeKey", `${controllerOption}.nodes.n2.nodeKey: its name is "n2", not "n1"`],
    ["badDeclaredNode", `${controllerOption}.nodes.N 2: a node name has 1-63`],
    ["sharedNkey", "two users of NATS have the same nkey"],
    ["natsWithoutNodes", `nats-server learns its users from ${controllerOption}.nodes, which is empty`],
    ["oldNats", "nats-server 2.12.4 is older than 2.14.3"],
  ])("an assertion fails and names the option: %s", async (name, message) => {
    const { value, error } = await evaluateWithLib("tests/refusals.nix", name);
    expect(value, error).toContainEqual(expect.stringContaining(message));
  });

  test.each([
    ["secretAsPathLiteral", `${agentOption}.settings.nodeKeyFile' is not of type \`string'`],
    ["badNodeName", `${agentOption}.settings.node' is not of type \`node name (a node name has 1-63`],
    ["badHostName", `${agentOption}.settings.node' is not of type \`node name`],
    ["badFleetId", `${agentOption}.settings.fleetId' is not of type \`fleet id (64 hex digits)'`],
    ["badKey", "is not of type `public key of the form name:base64"],
    ["freshKeyAsPathLiteral", `${controllerOption}.freshKeyFile' is not of type`],
    ["keysAsPath", `${agentOption}.settings.trustedKeys' is not of type \`signed key set`],
    ["keysAsText", `${agentOption}.settings.trustedKeys' is not of type \`signed key set`],
    ["keysTwice", `${agentOption}.settings.trustedKeys' is defined multiple times`],
    ["keysWithSecret", `${agentOption}.settings.trustedKeys.secret' does not exist`],
    ["keysUnsigned", `${agentOption}.settings.trustedKeys.signatures' is not of type`],
    ["keysOverSigned", `${agentOption}.settings.trustedKeys.signatures' is not of type`],
    ["keysBadSignature", ".sig' is not of type `string matching the pattern"],
    ["freshTooOften", `${agentOption}.settings.freshSeconds' is not of type`],
    ["freshTooSeldom", `${agentOption}.settings.freshSeconds' is not of type`],
    ["otherStateDir", `${agentOption}.settings.stateDir' is not of type`],
    ["misspeltClass", `${agentOption}.settings.drift.classes.unit' does not exist`],
    ["misspeltMode", `${agentOption}.settings.drift.mode' is not of type`],
    ["ruleWithTooManyStars", "is not of type `glob of absolute paths with at most three stars"],
    ["ruleWithoutMode", "mode' was accessed but has no value defined"],
    ["ignoreWithParentheses", "is not of type `glob of absolute paths"],
    ["ignoreWithoutReason", "reason' was accessed but has no value defined"],
    ["missingFleetId", `${agentOption}.settings.fleetId' was accessed but has no value defined`],
    ["withoutKeys", `${agentOption}.settings.trustedKeys' was accessed but has no value defined`],
    ["missingEverything", `${agentOption}.settings.trustedKeys' was accessed but has no value defined`],
    ["missingSeed", `${controllerOption}.natsSeedFile' was accessed but has no value defined`],
    ["badNkey", `${controllerOption}.nats.controllerNkey' is not of type`],
  ])("evaluation stops and names the option: %s", async (name, message) => {
    const { value, error } = await evaluateWithLib("tests/refusals.nix", name);
    expect(value).toBeUndefined();
    expect(error).toContain(message);
  });
});
