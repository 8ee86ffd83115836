/** Health checks, restarts and boot counting in nixpkgs' own module system (CHIMERA_NIXPKGS_LIB), read by the agent's schema. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { AgentConfig } from "../../agent/src/config.ts";
import { evaluateWithLib, nixpkgsLib } from "./evaluate.ts";

const agentOption = "services.chimera.agent";
const settingsOption = `${agentOption}.settings`;
const recovery = (name: string) => evaluateWithLib("tests/recovery.nix", name);

async function configOf(name: string): Promise<AgentConfig> {
  const { value, error } = await recovery(name);
  const { problems, settings } = z
    .object({ problems: z.array(z.string()), settings: z.unknown() })
    .parse(value, { error: () => error });
  expect(problems).toEqual([]);
  return AgentConfig.parse(settings);
}

describe.skipIf(nixpkgsLib === undefined)("recovery in the agent's module (CHIMERA_NIXPKGS_LIB)", () => {
  test.each([
    ["httpWithoutUrl", `${settingsOption}.checks: check web of kind http needs url`],
    ["httpWithPort", `${settingsOption}.checks: check web of kind http has no port`],
    ["tcpWithoutPort", `${settingsOption}.checks: check tcp of kind tcp needs port`],
    [
      "commandByName",
      `${settingsOption}.checks: check shell of kind command: its program true is not an abs`,
    ],
    ["checksTwice", `${settingsOption}.checks: two checks are named web`],
    ["tooManyChecks", `${settingsOption}.checks: 65 entries, at most 64 are taken`],
    ["rulesTwice", `${settingsOption}.units: two rules for flaky.service`],
    ["windowMissing", `${settingsOption}.reboot.window: policy "window" needs one`],
    [
      "countingUnknown",
      `${agentOption}.bootCounting.enable: this nixpkgs has no boot.loader.systemd-boot.bootC`,
    ],
    ["countingWithGrub", `${agentOption}.bootCounting.enable: only systemd-boot counts boots`],
  ])("an assertion fails and names the option: %s", async (name, message) => {
    const { value, error } = await recovery(name);
    expect(value, error).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ["unknownKind", "kind' is not of type"],
    ["checkName", "name' is not of type"],
    ["tooOften", "everySeconds' is not of type"],
    ["misspeltKey", "statusses' does not exist"],
    ["unitWithoutSuffix", "unit' is not of type `name of a systemd unit, with its suffix'"],
    ["ruleWithoutReason", "reason' was accessed but has no value defined"],
    ["unknownAfterCommit", `${settingsOption}.afterCommit' is not of type`],
    ["unknownPolicy", `${settingsOption}.reboot.policy' is not of type`],
    ["badTime", `${settingsOption}.reboot.window.from' is not of type`],
    ["halfWindow", `${settingsOption}.reboot.window.to' was accessed but has no value defined`],
    ["drainByName", `${settingsOption}.reboot.drain.argv' is not of type`],
    ["drainNothing", `${settingsOption}.reboot.drain.argv' is not of type`],
    ["negativeReserve", `${settingsOption}.reserve.storeMb' is not of type`],
    ["noTries", `${agentOption}.bootCounting.tries' is not of type`],
    ["panicAtOnce", `${agentOption}.panicSeconds' is not of type`],
  ])("evaluation stops and names the option: %s", async (name, message) => {
    const { value, error } = await recovery(name);
    expect(value).toBeUndefined();
    expect(error).toContain(message);
  });

  test("checks of every kind are taken by the agent as they are written, without a null", async () => {
    const { checks } = await configOf("allChecks");
    expect(checks.map(({ kind }) => kind)).toEqual([
      "unit",
      "command",
      "http",
      "tcp",
      "contact",
      "gpu",
      "nix",
    ]);
    expect(checks[2]).toMatchObject({ statuses: [200, 204], contains: "ok", from: "lead", passes: 2 });
    expect(JSON.stringify((await recovery("allChecks")).value)).not.toContain("null");
  });

  test("what is said of restarts, units and space is taken by the agent as it is written", async () => {
    expect(await configOf("allRestarts")).toMatchObject({
      afterCommit: "revert-node",
      units: [{ unit: "flaky.service", ignore: false, settleSeconds: 2, reason: "comes up late" }],
      reserve: { storeMb: 512, bootMb: 0 },
      reboot: {
        policy: "window",
        window: { from: "23:30", to: "02:00" },
        acceptUnprotected: true,
        panicReboot: "now",
        drain: { argv: ["/bin/drain"], timeoutSeconds: 300 },
        undrain: { argv: ["/bin/undrain"], timeoutSeconds: 60 },
      },
    });
  });

  test("boot counting is turned on where nixpkgs has it, and nothing asks for it where it has not", async () => {
    expect((await recovery("counts")).value).toEqual({
      problems: [],
      bootCounting: { enable: true, tries: 2 },
    });
    expect((await recovery("withoutCounting")).value).toEqual({ problems: [], kernelParams: ["panic=30"] });
    expect((await recovery("panicLeftAlone")).value).toEqual([]);
  });

  test("recovery and gate have no sandbox, wait for no network, and no switch touches them", async () => {
    const Unit = z.looseObject({
      restartIfChanged: z.literal(false),
      unitConfig: z.looseObject({ "X-StopOnRemoval": z.literal(false) }),
      serviceConfig: z.looseObject({
        Type: z.literal("oneshot"),
        RemainAfterExit: z.literal(true),
        ExecStart: z.string(),
        TimeoutStartSec: z.string(),
      }),
      path: z.array(z.string()),
    });
    const { value, error } = await recovery("recoveryUnits");
    expect(error).not.toContain("error:");
    const units = z.object({ "chimera-recover": Unit, "chimera-gate": Unit }).parse(value);
    const sandbox =
      /^(Private|Protect|ReadOnly|ReadWrite|Inaccessible|Bind|Temporary|Root|LoadCredential|NoNew|Mount)/;
    for (const unit of Object.values(units)) {
      expect(Object.keys(unit.serviceConfig).filter((name) => sandbox.test(name))).toEqual([]);
      expect(JSON.stringify(unit)).not.toContain("network");
      expect(unit.path[0]).toBe("/run/current-system/sw");
    }
    expect(units["chimera-recover"]).toMatchObject({
      wantedBy: ["multi-user.target"],
      before: ["chimera-sentinel.service"],
      after: ["local-fs.target"],
      serviceConfig: {
        ExecStart: expect.stringMatching(/\/bin\/chimera-recover --config \/etc\/chimera\/agent\.json$/),
        RuntimeDirectoryPreserve: true,
      },
    });
    expect(units["chimera-recover"]).not.toHaveProperty("requiredBy");
    expect(units["chimera-gate"]).toMatchObject({
      requiredBy: ["boot-complete.target"],
      before: ["boot-complete.target"],
      after: ["chimera-sentinel.service"],
    });
    expect(units["chimera-gate"]).not.toHaveProperty("wantedBy");
  });
});
