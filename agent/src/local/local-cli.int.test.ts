/** `chimera local` as root types it: the real program, the real socket, the real desk; the node behind it is a model. */
import { chmodSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { LocalStatus } from "@chimera/proto/local-api";
import { noLocalState } from "@chimera/proto/local-order";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import {
  commit,
  createModel,
  installAgent,
  local,
  removeModel,
  revertAtOnce,
  startDesk,
  stored,
  type Model,
} from "./cli-fixture.ts";
import { a, b, c, journal, panic, status } from "./local-fixture.ts";

let model: Model;
beforeEach(() => {
  model = createModel();
});
afterEach(() => removeModel(model));

test("status and why ask the agent, without context, NATS or controller", async () => {
  await startDesk(model);
  const shown = await local(model, ["status"]);
  expect(shown).toMatchObject({ exitCode: 0, stderr: "" });
  expect(shown.stdout).toMatch(/^SIGNED +head 0\.7\nWANTED +bbbbbbbb/mu);
  const asJson = LocalStatus.parse(JSON.parse((await local(model, ["status", "--json"])).stdout));
  expect(asJson).toMatchObject({ node: "n1", journal: { step: "committed" } });
  expect((await local(model, ["why"])).stdout).toMatch(/^nothing is waited for/u);
});

test("apply of a link is followed until the system is committed", async () => {
  await startDesk(model);
  const done = await local(model, ["apply", "./result", "--for", "2h", "--reason", "mended"]);
  expect(done).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^apply is done: it runs until/u),
  });
  expect(done.stderr).toMatch(/ordered: apply cccccccc.*\n(?:.*\n)*probation \(1 s to go\)/u);
  const { order } = stored(model);
  expect(order).toMatchObject({ toplevel: c, author: `root@${hostname()}`, reason: "mended" });
  expect(Date.parse(order?.until ?? "") - Date.parse(order?.createdAt ?? "")).toBe(2 * 3_600_000);
  expect(model.events).toMatchObject([{ type: "local-order", data: { action: "apply", toplevel: c } }]);
});

test("apply that does not hold ends with the reason, and not with 0", async () => {
  model.carryOut = () => revertAtOnce(model);
  await startDesk(model);
  const failed = await local(model, ["apply", c, "--json"]);
  expect(failed).toMatchObject({
    exitCode: 70,
    stderr: expect.stringMatching(/reverted: unit web\.service/u),
  });
  expect(JSON.parse(failed.stdout)).toMatchObject({ type: "error", code: "activation-failed" });
});

test("--no-wait returns as soon as the order is on disk, and says whom sudo let in", async () => {
  await startDesk(model);
  const env = { HOME: model.folder, USER: "root", SUDO_USER: "ada" };
  expect(await local(model, ["revert", "--no-wait"], { env })).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^ordered: revert aaaaaaaa.* until .*, then what is signed$/u),
  });
  expect(stored(model).order).toMatchObject({
    toplevel: a,
    author: expect.stringMatching(/\(sudo: ada\)$/u),
  });
});

test("an agent that replaces itself meanwhile is waited for", async () => {
  model.carryOut = () => {
    model.steps.push(() => {
      model.socket?.close();
      setTimeout(() => void startDesk(model), 300);
    });
    commit(model);
  };
  await startDesk(model);
  const done = await local(model, ["apply", c]);
  expect(done).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/the agent is away/u) });
});

test("hold, release, and what each says while an operator holds too", async () => {
  model.facts = {
    ...model.facts,
    signedHold: { until: status.at, drift: false, evenPanic: false, author: "ops", reason: "x" },
  };
  await startDesk(model);
  const held = await local(model, ["hold", "--for", "2h", "--drift", "--reason", "disk"]);
  expect(held).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/begins no deploys, drift reverts$/u),
  });
  expect((await local(model, ["why"])).stdout).toMatch(
    /1\. held by ops.*\n2\. held by root.*chimera local release/u,
  );
  expect((await local(model, ["release"])).stdout).toMatch(/^released; ops still holds it/u);
  expect((await local(model, ["release"])).stdout).toMatch(/^root held nothing; ops still/u);
});

test("release lets a node go on that another system was booted on, and why says so before", async () => {
  const waiting = { reason: "booted-other", detail: `${a} was booted in the place of ${b}` };
  const system = { ...status.system, current: a, booted: a };
  model.facts = {
    ...model.facts,
    status: { ...status, waiting, system },
    journal: { ...journal, bootedOther: a },
  };
  await startDesk(model);
  expect((await local(model, ["why"])).stdout).toMatch(/was booted in the place.*chimera local release/u);
  expect(await local(model, ["release", "--reason", "mended"])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^released: the node goes back to what is signed/u),
  });
  expect(stored(model).goesOnIn).toBe("boot");
});

test.each<[string, () => void, readonly string[], number, RegExp]>([
  [
    "a path that Nix does not know",
    () => (model.finding = { kind: "missing" }),
    ["apply", c],
    66,
    /not valid in this store/u,
  ],
  [
    "a path that is no system",
    () => (model.finding = { kind: "no-system", lacks: "bin/switch-to-configuration" }),
    ["apply", c],
    65,
    /no bin\/switch-to-configuration/u,
  ],
  ["what is in quarantine", () => (model.quarantined = [c]), ["apply", c], 65, /in quarantine/u],
  ["what is no store path", () => undefined, ["apply", "/etc"], 65, /directly in \/nix\/store/u],
  ["what is not there", () => undefined, ["apply", "./missing"], 66, /there is no/u],
  [
    "anything while a panic holds",
    () => (model.facts = { ...model.facts, status: { ...status, panic } }),
    ["apply", c],
    65,
    /panic 0\.7\+panic holds/u,
  ],
  [
    "anything while an order is half done",
    () =>
      (model.facts = { ...model.facts, journal: { ...journal, step: "committing", isReplaceable: false } }),
    ["revert"],
    75,
    /half done: committing/u,
  ],
  ["a span that is none", () => undefined, ["apply", c, "--for", "soon"], 64, /--for/u],
  ["a span that is too long", () => undefined, ["apply", c, "--for", "8d"], 64, /at most 7d/u],
  ["a hold without a reason", () => undefined, ["hold", "--for", "1h"], 64, /--reason/u],
  ["a hold without an end", () => undefined, ["hold", "--reason", "x"], 64, /--for/u],
])("%s is refused in words, and nothing is kept", async (...row) => {
  const [, prepare, words, exitCode, message] = row;
  prepare();
  await startDesk(model);
  expect(await local(model, words)).toMatchObject({ exitCode, stderr: expect.stringMatching(message) });
  expect(stored(model)).toEqual(noLocalState);
});

test("whoever is not root is told so in a sentence", async () => {
  await startDesk(model);
  chmodSync(model.folder, 0o755);
  const asNobody = { uid: 65_534, gid: 65_534 };
  expect(await local(model, ["status"], asNobody)).toEqual({
    exitCode: 77,
    stdout: "",
    stderr: "chimera: chimera local is for root on the node itself: sudo chimera local [role-forbidden]",
  });
});

test("without an agent, orders say so and what to look at", async () => {
  for (const words of [["apply", c], ["revert"], ["release"]]) {
    expect(await local(model, words)).toMatchObject({
      exitCode: 69,
      stderr: expect.stringMatching(/no agent runs.*systemctl status chimera-sentinel chimera-recover/u),
    });
  }
  expect(await local(model, ["status"])).toMatchObject({
    exitCode: 69,
    stderr: expect.stringMatching(/no chimera-agent on PATH/u),
  });
});

test("without an agent, status and why answer from its files", async () => {
  const stateDir = join(model.folder, "state");
  const config = installAgent(model, stateDir);
  writeFileSync(join(stateDir, "journal.json"), "{ cut short");
  const words = ["--agent-config", config];
  const shown = await local(model, ["status", "--json", ...words]);
  expect(shown).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/agent does not run/u) });
  expect(LocalStatus.parse(JSON.parse(shown.stdout))).toMatchObject({
    agent: null,
    unreadable: [{ file: join(stateDir, "journal.json") }],
  });
  const why = z.object({ reasons: z.array(z.object({ reason: z.string() })) });
  const { stdout } = await local(model, ["why", "--json", ...words]);
  expect(why.parse(JSON.parse(stdout)).reasons.map(({ reason }) => reason)).toEqual([
    "no-agent",
    "file-unreadable",
  ]);
});

test("what is signed and runs is adopted", async () => {
  await startDesk(model);
  expect(await local(model, ["apply", b])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^nothing to do: bbbbbbbb/u),
  });
});
