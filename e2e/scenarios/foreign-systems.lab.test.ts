// Another system than the committed one on a real node: who booted it is left alone, who is activating one is not disturbed.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { deployWorld, pointersOf, viewOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitRebooted } from "../lab/host/wait-rebooted.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
let old: string;
let ours: string;

/** Longer than a foreign system is looked at before it is put back. */
const patienceMs = 50_000;

const sh = async (script: string): Promise<string> => (await node.runChecked(["sh", "-c", script])).trim();
const local = (...args: string[]) => node.run(["chimera", "local", ...args], { timeoutMs: 60_000 });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const running = async () => (await pointersOf(node)).current;
const runs = (path: string) =>
  waitUntil(`${path} runs`, async () => (await running()) === path, { timeoutMs: 100_000 });

/** As somebody at the boot menu. */
async function bootOnce(path: string): Promise<void> {
  await sh(
    `bootctl set-oneshot $(basename $(grep -l 'init=${path}/init' /boot/loader/entries/*.conf | tail -1))`,
  );
  await waitRebooted(node, () => node.run(["systemctl", "reboot"]));
}

async function deploy(label: string, options: Parameters<typeof deployWorld>[2] = {}): Promise<void> {
  const { code, stdout, stderr } = await deployWorld(fleet, label, options);
  expect(code, stdout + stderr).toBe(0);
}

const Open = z.looseObject({ kind: z.string(), path: z.string(), why: z.string().optional() });
const Drift = z.looseObject({
  nodes: z.array(z.looseObject({ drift: z.looseObject({ open: z.array(Open) }) })),
});
const openDrift = async () =>
  Drift.parse(JSON.parse(await operatorOf(fleet.lab).ok(["drift", "n1", "--json"]))).nodes.flatMap(
    ({ drift }) => drift.open,
  );

const standing = (path: string) =>
  waitView(
    fleet,
    "n1",
    ({ status }) => status?.waiting?.reason === "booted-other" && status.system.current === path,
  );

const looksFor = (file: string) => {
  const argv = ["/bin/sh", "-c", `test -e ${file}`];
  return { checks: [{ kind: "command", name: "work", argv, everySeconds: 1, passes: 1, failures: 2 }] };
};
const withEtc = (name: string) => ({ etc: { [name]: { text: "x\n" } } });

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  await deploy("old");
  old = await running();
  const etc = { motd: { text: "This is the variant.\n" } };
  await deploy("new", { changes: { specialisations: { gpu: { label: "new-gpu", etc } } } });
  ours = await running();
});
afterAll(() => downUnlessInUse());

describe("an older generation from the boot menu", () => {
  test("is left, told with its reason, and said in the status and on the node", async () => {
    await bootOnce(old);
    const { status } = await standing(old);
    expect(status?.waiting?.detail).toContain("was booted in the place of");
    expect(status?.state).toBe("committed");
    await waitUntil("it is told", async () => (await openDrift()).length > 0, { timeoutMs: 30_000 });
    expect(await openDrift()).toEqual([
      expect.objectContaining({
        kind: "foreign-system",
        path: "/run/current-system",
        found: expect.objectContaining({ detail: expect.stringContaining("it was booted so") }),
        why: expect.stringContaining("chimera local release"),
      }),
    ]);
    expect((await local("why")).stdout).toContain("chimera local release");
    await pause(patienceMs);
    expect(await pointersOf(node)).toEqual({ current: old, profile: ours, bootDefault: ours });
  });

  test("is compared with what was signed for it, and put back to that", async () => {
    const { status } = await standing(old);
    expect(status?.drift.unseen ?? []).toEqual([]);
    expect(status?.drift).toMatchObject({
      managed: expect.any(Number),
      store: { paths: expect.any(Number) },
    });
    expect(status?.drift.managed).toBeGreaterThan(20);
    const declared = await sh("cat /etc/static/lab/copy-0");
    expect(declared).toContain("of old");
    await sh("echo by hand >> /etc/lab/copy-0; ln -sfn /etc/passwd /etc/lab/link-0");
    const isBack = async () =>
      (await sh("cat /etc/lab/copy-0; readlink /etc/lab/link-0")) === `${declared}\n/etc/static/lab/link-0`;
    await waitUntil("what was signed for it is there", isBack, { timeoutMs: 70_000, everyMs: 50 });
    expect(await running()).toBe(old);
  });

  test("stays over a restart of the agent, and root lets the node go on", async () => {
    await sh("kill $(cat /run/chimera/agent.pid)");
    await pause(5_000);
    await standing(old);
    const released = await local("release", "--reason", "mended");
    expect(released.stdout).toContain("goes back to what is signed");
    await runs(ours);
    await waitView(fleet, "n1", ({ status }) => status?.waiting === null && status.drift.openCount === 0);
    expect(await pointersOf(node)).toEqual({ current: ours, profile: ours, bootDefault: ours });
  });

  test("is over with a restart into the default, and with the next order", async () => {
    await bootOnce(old);
    await standing(old);
    await waitRebooted(node, () => node.run(["systemctl", "reboot"]));
    await waitView(fleet, "n1", ({ status }) => status?.waiting === null && status.system.current === ours);
    await bootOnce(old);
    await standing(old);
    await deploy("next");
    const next = await running();
    expect(next).toMatch(/-next$/u);
    expect(await pointersOf(node)).toEqual({ current: next, profile: next, bootDefault: next });
  });
});

describe("a specialisation of the committed system", () => {
  let variant: string;

  test("is nobody's drift: the status names it, and what it declares is kept", async () => {
    const etc = { motd: { text: "This is the variant.\n" } };
    await deploy("varied", { changes: { specialisations: { gpu: { label: "varied-gpu", etc } } } });
    ours = await running();
    variant = await sh(`readlink ${ours}/specialisation/gpu`);
    await node.run([`${variant}/bin/switch-to-configuration`, "test"], { timeoutMs: 60_000 });
    const { status } = await waitView(fleet, "n1", (view) => view.status?.specialisation?.name === "gpu");
    expect(status).toMatchObject({
      waiting: null,
      specialisation: { path: variant },
      system: { current: ours },
    });
    await pause(patienceMs);
    expect(await running()).toBe(variant);
    expect(await openDrift()).toEqual([]);
    await sh("rm /etc/motd; echo by hand > /etc/motd");
    await waitUntil(
      "its own file is back",
      async () => (await sh("cat /etc/motd")) === "This is the variant.",
      {
        timeoutMs: 90_000,
      },
    );
  });

  test("is left for the base of the next system", async () => {
    await deploy("after-that");
    expect(await running()).toMatch(/-after-that$/u);
    expect((await viewOf(fleet, "n1")).status?.specialisation ?? null).toBeNull();
  });

  test("of another system is no less foreign than that", async () => {
    ours = await running();
    await node.run([`${variant}/bin/switch-to-configuration`, "test"], { timeoutMs: 60_000 });
    expect(await running()).toBe(variant);
    await runs(ours);
  });
});

describe("an activation by hand", () => {
  test("is not undone in its midst, and put back when it is over", async () => {
    ours = await running();
    // Stopped where it has set up /etc, and has yet to say that it runs; in a session of its own, or the kernel would end it with
    // the shell that began it.
    const begun = await sh(
      `before=$(readlink /etc/static); setsid ${old}/activate > /dev/null 2>&1 & p=$!; ` +
        'for i in $(seq 5000); do [ "$(readlink /etc/static)" = "$before" ] || break; done; kill -STOP $p; echo $p',
    );
    const theirs = await sh("readlink /etc/static");
    expect(theirs).not.toBe(await sh(`readlink -f ${ours}/etc`));
    await pause(15_000);
    expect(await sh("readlink /etc/static")).toBe(theirs);
    expect(await running()).toBe(ours);
    await sh(`kill -CONT ${begun}`);
    await runs(old);
    await pause(20_000);
    expect(await running()).toBe(old);
    await runs(ours);
    await waitUntil(
      "/etc is ours",
      async () => (await sh("readlink -f /etc/static")) === (await sh(`readlink -f ${ours}/etc`)),
      {
        timeoutMs: 60_000,
      },
    );
  });
});

describe("a check that comes with a system", () => {
  test("decides about that very system", async () => {
    await deploy("checked", { agentConfig: looksFor("/etc/lab-works"), changes: withEtc("lab-works") });
    ours = await running();
    const failed = await deployWorld(fleet, "sick", {
      agentConfig: looksFor("/etc/lab-missing"),
      changes: withEtc("lab-works"),
    });
    expect(failed.code).not.toBe(0);
    const { status } = await waitView(fleet, "n1", (view) => view.status?.state === "reverted");
    expect(status?.problem?.message).toContain("check work");
    expect(await running()).toBe(ours);
  });

  test("that is taken away with its service decides no more; where none is declared at all the one before's does", async () => {
    const failed = await deployWorld(fleet, "silent");
    expect(failed.code).not.toBe(0);
    expect((await viewOf(fleet, "n1")).status?.problem?.message).toContain("check work");
    await deploy("without", { agentConfig: { checks: [] } });
    expect(await running()).toMatch(/-without$/u);
  });
});
