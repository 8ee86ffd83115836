/** What the modules write, the programs read: their strict schemas and the modules' options must not part. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { AgentConfig } from "../../agent/src/config.ts";
import { StandInConfig } from "../../agent/src/stand-in-config.ts";
import { ControllerConfig } from "../../controller/src/config.ts";
import { NodeFile } from "../../controller/src/files/node-file.ts";
import { evaluateWithLib, nixpkgsLib } from "./evaluate.ts";

const Settings = z.object({ settings: z.record(z.string(), z.unknown()) });

async function settingsOf(name: string): Promise<Record<string, unknown>> {
  const { value, error } = await evaluateWithLib("tests/modules.nix", name);
  expect(error).not.toContain("error:");
  return Settings.parse(value).settings;
}

describe.skipIf(nixpkgsLib === undefined)(
  "the modules' files and the programs' schemas (CHIMERA_NIXPKGS_LIB)",
  () => {
    test("the agent takes agent.json, and the module's defaults are the agent's own", async () => {
      const settings = await settingsOf("agent");
      const { node, fleetId, nats, controller, nodeKeyFile, trustedKeys, nix } = settings;
      const least = AgentConfig.parse({ node, fleetId, nats, controller, nodeKeyFile, trustedKeys, nix });
      expect(AgentConfig.parse(settings)).toEqual(least);
    });

    test("every option of the agent's schema is an option of the module", async () => {
      const settings = await settingsOf("agent");
      expect(Object.keys(settings).toSorted()).toEqual(Object.keys(AgentConfig.shape).toSorted());
    });

    test("the agent refuses a key that the module only passed on, and names it", async () => {
      const { value } = await evaluateWithLib("tests/modules.nix", "passesOnUnknownKeys");
      const result = AgentConfig.safeParse(value);
      expect(result.success).toBe(false);
      expect(result.error?.message).toContain("notYetKnown");
    });

    test("the controller takes controller.json and the list of declared nodes", async () => {
      const settings = await settingsOf("controller");
      expect(ControllerConfig.parse(settings)).toMatchObject({ listen: { host: "0.0.0.0", port: 7070 } });
      const { value } = await evaluateWithLib("tests/modules.nix", "controller");
      const { nodes } = z.object({ nodes: z.unknown() }).parse(value);
      expect(Object.keys(NodeFile.parse(nodes).nodes)).toEqual(["n1"]);
    });

    test("a stand-in takes what the module writes for it", async () => {
      const settings = await settingsOf("standIn");
      const parsed = StandInConfig.parse(settings);
      expect(parsed).toMatchObject({ node: "stand-in", afterSeconds: 60 });
      const { node, fleetId, nats, controller, trustedKeys } = parsed;
      expect(StandInConfig.parse({ node, fleetId, nats, controller, trustedKeys })).toEqual(parsed);
    });

    test("the controller takes its file with an online key and without", async () => {
      const { value } = await evaluateWithLib("tests/modules.nix", "controllerFresh");
      const files = z
        .array(Settings)
        .parse(value)
        .map(({ settings }) => ControllerConfig.parse(settings).freshKeyFile);
      expect(files).toEqual([
        undefined,
        "/run/credentials/chimera-controller.service/fresh.key",
        "/var/lib/chimera-controller/fresh.key",
      ]);
    });

    test("the controller refuses the key set of another fleet, should it get past the module", async () => {
      const fleetId = "ab".repeat(32);
      const controller = ControllerConfig.safeParse({ ...(await settingsOf("controller")), fleetId });
      expect(controller.error?.message).toContain("the key set is of fleet");
    });

    test("the controller's address is the schema's own where none is set", async () => {
      const { listen: _listen, ...rest } = await settingsOf("controller");
      const { listen } = await settingsOf("controllerDefaults");
      expect(ControllerConfig.parse(rest).listen).toEqual(listen);
    });
  },
);
