// Machines with a real boot loader and a page cache that a power cut loses: what containers cannot show.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { deployWorld, planWorld, pointersOf, viewOf, waitView } from "../fleet/fleet-stage.ts";
import { waitStep } from "../fleet/read-journal.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { bootDefaultOf } from "../lab/vm/read-boot-entries.ts";
import { waitRebooted } from "../lab/host/wait-rebooted.ts";

let fleet: Fleet;
let vm: Host;
const agentConfig = { reboot: { policy: "when-needed" }, activationSeconds: 120 };
const recording: string[] = [];
const begun = performance.now();

/** As somebody who watches would write it down. */
function note(text: string): void {
  const seconds = ((performance.now() - begun) / 1000).toFixed(0).padStart(5);
  recording.push(
    ...text
      .trimEnd()
      .split("\n")
      .map((line) => `${seconds} s  ${line}`),
  );
}

async function show(argv: readonly string[]): Promise<void> {
  const { stdout, stderr } = await vm.run(argv);
  note(`v1# ${argv.join(" ")}\n${stdout}${stderr}`);
}

const running = async () => {
  const { current, profile } = await pointersOf(vm);
  return { current, profile, bootDefault: await bootDefaultOf(vm) };
};
const on = (label: string) => {
  const path = expect.stringMatching(new RegExp(`-nixos-system-v1-${label}$`));
  return { current: path, profile: path, bootDefault: path };
};

beforeAll(async () => {
  fleet = await startFleet({ nodes: 0, vms: 1, tries: 2, probationSeconds: 5 });
  vm = fleet.lab.host("v1");
  const { code, stderr } = await deployWorld(fleet, "good", { agentConfig });
  if (code !== 0) throw new Error(`the first deployment: ${stderr}`);
});
afterAll(() => downUnlessInUse());

test("power that goes in probation: the machine comes back on the old system by itself and says so", async () => {
  await show(["readlink", "/run/current-system"]);
  note("operator: chimera deploy, a system that must be healthy for 10 minutes");
  await deployWorld(fleet, "slow", { agentConfig, args: ["--no-follow", "--probation", "600"] });
  await waitStep(vm, "slow", { steps: ["probation"] });
  await show(["readlink", "/run/current-system"]);
  await show(["sh", "-c", 'grep -o \'"step":"[a-z]*"\' /var/lib/chimera/journal.json']);
  note("the power goes (SIGKILL to qemu: the page cache is lost)");
  await vm.powerCut();
  note("the power is back");
  await vm.boot();
  await show(["readlink", "/run/booted-system"]);
  const { problem } = await waitStep(vm, "slow", { steps: ["reverted"] });
  expect(problem?.message).toContain("restarted while probation");
  await show(["journalctl", "-b", "--no-pager", "-o", "cat", "-u", "chimera-recover"]);
  expect(await running()).toEqual(on("good"));
  const { status } = await waitView(fleet, "v1", (view) => view.status?.state === "reverted");
  note(`operator: chimera status\nv1  ${status?.state}  ${status?.problem?.message}`);
  await writeFile(join(import.meta.dirname, "../../docs/power-cut.txt"), `${recording.join("\n")}\n`);
});

test("another kernel is booted once, proves itself, and only then is the loader's default", async () => {
  const changes = { kernelVersion: "6.12-next" };
  const deployed = deployWorld(fleet, "next", { agentConfig, changes, args: ["--timeout", "400"] });
  await waitRebooted(vm, () => waitStep(vm, "next", { steps: ["rebooting"] }));
  expect(await bootDefaultOf(vm)).toMatch(/-good$/);
  const { code, stdout, stderr } = await deployed;
  expect(code, stdout + stderr).toBe(0);
  expect(await running()).toEqual(on("next"));
});

test("a kernel that panics ends on the system that ran, denied, reported, without anybody's help", async () => {
  const changes = { kernelVersion: "6.12-panic", fault: "boot-panic" as const };
  const options = { agentConfig, changes, args: ["--no-follow"] };
  await waitRebooted(vm, async () => {
    await deployWorld(fleet, "panic", options);
    await waitStep(vm, "panic", { steps: ["rebooting"] });
  });
  const { status } = await waitView(fleet, "v1", (view) => view.status?.state === "reverted");
  expect(status?.problem?.message).toContain("did not boot");
  expect(status?.quarantine).toEqual([expect.stringMatching(/-panic$/)]);
  expect(await running()).toEqual(on("next"));
});

const Lack = z.object({ kind: z.literal("lacks"), neededBytes: z.int(), missingBytes: z.int() });
const Foreseen = z.object({
  groups: z.tuple([
    z.object({
      nodes: z.tuple([
        z.object({ space: z.object({ store: z.object({ kind: z.literal("ok") }), boot: Lack }) }),
      ]),
    }),
  ]),
});

test("a boot partition without room is foreseen by the plan, and met before anything is switched", async () => {
  await vm.runChecked(["sh", "-c", "cat /dev/zero > /boot/filler || true; sync"]);
  const options = { agentConfig, changes: { kernelVersion: "6.12-more" } };
  await waitView(fleet, "v1", ({ health }) => (health?.space?.boot?.freeBytes ?? Infinity) < 1 << 20);
  const plan = await planWorld(fleet, "more", { ...options, args: ["--json"] });
  expect(plan.code, plan.stderr).toBe(0);
  const [{ nodes }] = Foreseen.parse(JSON.parse(plan.stdout.trim().split("\n").at(-1) ?? "")).groups;
  const lack = `boot partition lacks ${Math.ceil(nodes[0].space.boot.missingBytes / (1 << 20))} MiB`;
  const { code } = await deployWorld(fleet, "more", options);
  expect(code).not.toBe(0);
  expect((await viewOf(fleet, "v1")).status?.problem?.message).toContain(lack);
  expect(await running()).toEqual(on("next"));
  await vm.runChecked(["rm", "/boot/filler"]);
});

const setClock = (text: string) => vm.runChecked(["date", "--set", text]);

test("a clock that jumps to 1970 in probation, and a day ahead in a way back, changes nothing about either; what was given tomorrow counts no more when the clock is right again", async () => {
  onTestFinished(async () => {
    await setClock(`@${Math.round(Date.now() / 1000)}`);
  });
  // The kernel that runs: a live switch.
  const changes = { kernelVersion: "6.12-next" };
  const args = ["--no-follow", "--probation", "20"];
  await deployWorld(fleet, "timeless", { agentConfig, changes, args });
  await waitStep(vm, "timeless", { steps: ["probation"] });
  await setClock("1970-01-01 00:10:00");
  await waitStep(vm, "timeless", { steps: ["committed"] });
  expect(await running()).toEqual(on("timeless"));
  await setClock(`@${Math.round(Date.now() / 1000) + 86_400}`);
  const back = await vm.run(["chimera", "local", "revert", "--reason", "tomorrow"], { timeoutMs: 180_000 });
  expect(back.code, back.stdout + back.stderr).toBe(0);
  expect(await running()).toEqual(on("next"));
  // Its hardware clock was right all the time.
  await vm.powerCut();
  await vm.boot();
  expect((await vm.runChecked(["readlink", "/run/booted-system"])).trim()).toMatch(/-next$/);
  await waitStep(vm, "timeless", { steps: ["committed"], timeoutMs: 300_000 });
  expect(await running()).toEqual(on("timeless"));
});
