/**
 * Our modules in nixpkgs' own module system. It is not in this repository: CHIMERA_NIXPKGS_LIB names a folder with `lib/`
 * of nixpkgs (the repository nix-community/nixpkgs.lib). What the modules set of NixOS itself is taken by stubs.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { evaluateWithLib, nixpkgsLib } from "./evaluate.ts";
import { exampleKeys } from "./example-keys.ts";

test.runIf(nixpkgsLib !== undefined)("CHIMERA_NIXPKGS_LIB names a folder with lib/default.nix", () => {
  expect(existsSync(join(nixpkgsLib ?? "", "lib/default.nix"))).toBe(true);
});

const Unit = z.looseObject({
  wantedBy: z.array(z.string()).default([]),
  restartIfChanged: z.boolean().optional(),
  unitConfig: z.record(z.string(), z.unknown()).default({}),
  path: z.array(z.string()).default([]),
  serviceConfig: z.record(z.string(), z.unknown()),
});
const Agent = z.object({
  problems: z.array(z.string()),
  settings: z.record(z.string(), z.unknown()),
  units: z.object({ "chimera-sentinel": Unit, "chimera-identity": Unit, "chimera-watchdog": Unit }),
  packages: z.array(z.string()),
  nixSettings: z.record(z.string(), z.unknown()),
  agentWindowConf: z.string(),
});

describe.skipIf(nixpkgsLib === undefined)(
  "the modules in nixpkgs' module system (CHIMERA_NIXPKGS_LIB)",
  () => {
    const agent = evaluateCase("agent");
    const sentinel = async () => Agent.parse((await agent).value).units["chimera-sentinel"];

    test("an agent with what it needs is accepted, and its settings are complete", async () => {
      const { problems, settings, nixSettings, packages } = Agent.parse((await agent).value);
      expect(problems).toEqual([]);
      expect(settings).toMatchObject({
        node: "n1",
        nats: { seedFile: "/var/lib/chimera/identity/nats.seed" },
        trustedKeys: exampleKeys.first,
        freshSeconds: 3600,
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
      });
      expect(nixSettings["trusted-public-keys"]).toEqual([expect.stringMatching(/^lab-cache:/)]);
      expect(packages).toEqual(["chimera", "tmux"]);
    });

    test("a switch neither restarts nor stops the sentinel", async () => {
      const { restartIfChanged, unitConfig } = await sentinel();
      expect(restartIfChanged).toBe(false);
      expect(unitConfig["X-StopOnRemoval"]).toBe(false);
    });

    test("the sentinel has no mount namespace of its own and may raise privileges, since all sessions inherit it", async () => {
      const { serviceConfig } = await sentinel();
      const namespaces =
        /^(Private|Protect|ReadOnly|ReadWrite|Inaccessible|Bind|Temporary|Root|LoadCredential|NoNew|Mount)/;
      expect(Object.keys(serviceConfig).filter((name) => namespaces.test(name))).toEqual([]);
      expect(serviceConfig).toMatchObject({
        KillMode: "mixed",
        OOMPolicy: "continue",
        Restart: "always",
        RuntimeDirectoryPreserve: true,
      });
    });

    test("a start writes down its tmux, and the watchdog, which has a limit itself, knows who compares it", async () => {
      const { ExecStart, ExecStartPost } = (await sentinel()).serviceConfig;
      const tmux = String(ExecStart).split(" ")[0] ?? "";
      expect(tmux).toMatch(/^\/nix\/store\/.*\/bin\/tmux$/);
      expect(ExecStartPost).toMatch(new RegExp(`^/nix/store/\\S+-chimera-wake ${tmux}$`));
      expect(Agent.parse((await agent).value).units["chimera-watchdog"].serviceConfig).toMatchObject({
        Type: "oneshot",
        ExecStart: expect.stringMatching(/^\S+-chimera-watchdog \S+-chimera-update-tmux$/),
        TimeoutStartSec: "2min",
        ProtectSystem: "strict",
        ReadWritePaths: "-/run/chimera",
      });
    });

    test("the agent finds the tools of the active system before those of the day the sentinel was started", async () => {
      expect((await sentinel()).path[0]).toBe("/run/current-system/sw");
    });

    test("the controller's service is confined, reads its seed as a credential, and nats-server syncs every write", async () => {
      const { value, error } = await evaluateCase("controller");
      expect(value, error).toMatchObject({
        problems: [],
        ports: [7070, 4222],
        nodes: { v: 1, nodes: { n1: { nodeKey: expect.stringMatching(/^n1:/) } } },
        settings: { nodesFile: "/etc/chimera/nodes.json" },
        unit: {
          serviceConfig: {
            ProtectSystem: "strict",
            CapabilityBoundingSet: "",
            LoadCredential: ["nats.seed:/var/lib/secrets/controller.seed"],
          },
        },
        nats: { enable: true, jetstream: true, settings: { jetstream: { sync_interval: "always" } } },
      });
      expect(value).not.toHaveProperty("unit.serviceConfig.MemoryDenyWriteExecute");
      expect(value).not.toHaveProperty("nats.settings.no_auth_user");
    });

    test("modules that are not enabled change nothing", async () => {
      const { value } = await evaluateCase("nothingWhenDisabled");
      expect(value).toEqual({ assertions: [], etc: [], units: [], users: { users: {}, groups: {} } });
    });

    test("a key that the module does not know is passed on, for the agent to refuse", async () => {
      expect((await evaluateCase("passesOnUnknownKeys")).value).toMatchObject({ notYetKnown: 1 });
    });

    test("where passes for NATS are is passed on beside what the modules know of NATS", async () => {
      const { value, error } = await evaluateCase("natsPasses");
      expect(value, error).toEqual([
        expect.objectContaining({
          passFile: "/var/lib/chimera/identity/nats.pass",
          servers: expect.anything(),
        }),
        expect.objectContaining({
          passFile: "/srv/controller.pass",
          nodeIssuerFile: "/srv/node-issuer.seed",
          seedFile: expect.any(String),
        }),
      ]);
    });

    test("the controller may write to a cache outside its state directory", async () => {
      const { value, error } = await evaluateCase("controllerWritable");
      expect(value, error).toEqual([[], ["/srv/cache"]]);
    });

    test("the controller's online key is a credential, or a file of its own, or absent, never null", async () => {
      const seed = "nats.seed:/var/lib/secrets/controller.seed";
      const { value, error } = await evaluateCase("controllerFresh");
      const credential = "/run/credentials/chimera-controller.service/fresh.key";
      expect(value, error).toMatchObject([
        { problems: [], credentials: [seed] },
        {
          problems: [],
          settings: { freshKeyFile: credential },
          credentials: [seed, "fresh.key:/var/lib/secrets/fresh.key"],
        },
        {
          problems: [],
          settings: { freshKeyFile: "/var/lib/chimera-controller/fresh.key" },
          credentials: [seed],
        },
      ]);
      expect(value).not.toHaveProperty([0, "settings", "freshKeyFile"]);
    });

    test("a stand-in has its own identity as credentials, and the controller's fleet", async () => {
      const { value, error } = await evaluateCase("standIn");
      expect(value, error).toMatchObject({
        problems: [],
        unit: {
          serviceConfig: {
            DynamicUser: true,
            LoadCredential: [
              "nats.seed:/var/lib/secrets/stand-in.seed",
              "token:/var/lib/secrets/stand-in.token",
            ],
          },
        },
      });
    });

    test("a machine may be installed with a later key set than the first", async () => {
      const { value, error } = await evaluateCase("laterKeys");
      expect(value, error).toMatchObject({ problems: [], settings: { trustedKeys: exampleKeys.second } });
    });

    test("without declared nodes the controller keeps its own list", async () => {
      const { value } = await evaluateCase("undeclaredNodes");
      expect(value).toMatchObject({
        problems: [],
        settings: { nodesFile: "/var/lib/chimera-controller/nodes.json" },
      });
    });
  },
);

function evaluateCase(name: string) {
  return evaluateWithLib("tests/modules.nix", name);
}
