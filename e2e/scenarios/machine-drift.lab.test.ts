// What somebody changes beyond /etc on a real node: each is seen as what it is, and what is to be put back is back.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { seconds, seenDrift, waitDrift as waitDriftOf, type SeenDrift } from "../fleet/seen-drift.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
let ours: string;
let theirs: string;

const sh = async (script: string): Promise<string> => (await node.runChecked(["sh", "-c", script])).trim();
const drift = (): Promise<SeenDrift> => seenDrift(fleet, "n1");
const waitDrift = (where: keyof SeenDrift, item: string, timeout = seconds(20)): Promise<void> =>
  waitDriftOf(fleet, "n1", { where, item, timeout });

const isGone = async (path: string): Promise<boolean> => (await node.run(["test", "-e", path])).code !== 0;
const isOurs = async (): Promise<boolean> => {
  const { current, profile, bootDefault } = await pointersOf(node);
  return [current, profile, bootDefault].every((path) => path === ours);
};

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  for (const label of ["old", "new"]) {
    const { code, stderr } = await deployWorld(fleet, label, {
      agentConfig: { drift: { sweepSeconds: 10, classes: { units: "revert", wrappers: "revert" } } },
    });
    if (code !== 0) throw new Error(`the deployment of ${label}: ${stderr}`);
  }
  ours = (await pointersOf(node)).current;
  theirs = await sh("readlink /nix/var/nix/gcroots/chimera/previous");
});
afterAll(() => downUnlessInUse());

test("a node at rest has nothing to tell, and has looked", async () => {
  const { status } = await waitView(fleet, "n1", (view) => (view.status?.drift.lastSweepAt ?? null) !== null);
  expect(status?.drift).toMatchObject({ openCount: 0, open: [] });
});

test("a drop-in below /run is gone within a second, kept as evidence, and systemd forgets it", async () => {
  const path = "/run/systemd/system/lab-app-1.service.d/x.conf";
  // In one go, so that the reload may come before the agent does.
  await sh(
    `mkdir -p ${path.slice(0, -7)}; printf '[Service]\\nEnvironment=BY_HAND=1\\n' > ${path}; systemctl daemon-reload`,
  );
  await waitUntil("the drop-in is gone", () => isGone(path), { timeoutMs: 3000, everyMs: 20 });
  await waitDrift("reverted", `unit-override ${path}`);
  const environment = async () => sh("systemctl show -p Environment lab-app-1.service");
  await waitUntil(
    "systemd reads it no more",
    async () => !(await environment()).includes("BY_HAND"),
    seconds(10),
  );
  expect(await sh("grep -rl BY_HAND /var/lib/chimera/evidence | wc -l")).toBe("1");
});

test("a drop-in between the transient units is gone too, and no transient unit has the name of a declared one", async () => {
  const refused = await node.run(["systemd-run", "--unit=lab-app-1", "/bin/true"]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/already loaded or has a fragment file/);
  const path = "/run/systemd/transient/lab-app-1.service.d/x.conf";
  await sh(`mkdir -p ${path.slice(0, -7)}; printf '[Service]\\nEnvironment=BY_HAND=1\\n' > ${path}`);
  await sh("systemctl daemon-reload");
  await waitUntil("the drop-in is gone", () => isGone(path), { timeoutMs: 3000, everyMs: 20 });
  // Another's transient unit stays, with its drop-ins.
  await sh("systemd-run --unit=of-mine --property=CPUWeight=7 sleep 60");
  await sleep(3000);
  expect(await sh("systemctl is-active of-mine; systemctl show -p CPUWeight --value of-mine")).toBe(
    "active\n7",
  );
  await sh("systemctl stop of-mine");
  expect((await drift()).open).toEqual([]);
});

test("a mask is taken away, below /run and in the folders that win over /etc", async () => {
  for (const folder of [
    "/run/systemd/system",
    "/run/systemd/transient",
    "/run/systemd/system.control",
    "/etc/systemd/system.control",
  ]) {
    const path = `${folder}/lab-app-2.service`;
    await sh(`mkdir -p ${folder}; ln -s /dev/null ${path}; systemctl daemon-reload`);
    await waitUntil(`${path} is gone`, () => isGone(path), { timeoutMs: 3000, everyMs: 20 });
    await waitDrift("reverted", `unit-override ${path}`);
    const state = async (): Promise<string> => sh("systemctl show -p LoadState --value lab-app-2.service");
    await waitUntil("it is loaded again", async () => (await state()) === "loaded", seconds(10));
    expect(await isGone(path)).toBe(true);
  }
});

test("a drop-in of another name that a link gives to a unit of ours is gone, and so is the link", async () => {
  const [link, dropIn] = [
    "/run/systemd/system/by-hand.service",
    "/run/systemd/system/by-hand.service.d/x.conf",
  ];
  await sh(
    `mkdir -p ${dropIn.slice(0, -7)}; printf '[Service]\\nEnvironment=BY_ALIAS=1\\n' > ${dropIn}; ln -s /etc/systemd/system/lab-app-1.service ${link}; systemctl daemon-reload`,
  );
  await waitDrift("reverted", `unit-override ${link}`);
  await waitDrift("reverted", `unit-override ${dropIn}`);
  expect([await isGone(link), await isGone(dropIn)]).toEqual([true, true]);
  const environment = async () => sh("systemctl show -p Environment lab-app-1.service");
  await waitUntil(
    "systemd reads it no more",
    async () => !(await environment()).includes("BY_ALIAS"),
    seconds(10),
  );
});

test("set-property is told and left, until whoever set it takes it back", async () => {
  await sh("systemctl set-property --runtime lab-app-1.service CPUWeight=50");
  const path = "/run/systemd/system.control/lab-app-1.service.d/50-CPUWeight.conf";
  await waitDrift("open", `unit-override ${path}`);
  expect(await isGone(path)).toBe(false);
  await sh(`rm ${path}; systemctl daemon-reload`);
  await waitUntil("it is over", async () => (await drift()).open.length === 0, seconds(20));
});

test("a file that systemd has not read yet is met by a reload, and told where it is none of ours to remove", async () => {
  const path = "/usr/local/lib/systemd/system/lab-app-3.service.d/x.conf";
  // systemd leaves folders out that are not there when it reloads.
  await sh("mkdir -p /usr/local/lib/systemd/system; systemctl daemon-reload");
  await sh(`mkdir -p ${path.slice(0, -7)}; printf '[Unit]\\nDescription=by hand\\n' > ${path}`);
  // Nothing there is watched: the sweep meets it.
  await waitDrift("reverted", "needs-reload /etc/systemd/system/lab-app-3.service", seconds(80));
  expect(await sh("systemctl show -p NeedDaemonReload --value lab-app-3.service")).toBe("no");
  await sh(`rm ${path}; systemctl daemon-reload; touch /run/systemd/system/lab-app-3.service`);
  await waitDrift("reverted", "unit-override /run/systemd/system/lab-app-3.service");
  await waitUntil("it is over", async () => (await drift()).open.length === 0, seconds(20));
});

const reloads = async (): Promise<number> =>
  Number(await sh("journalctl -b _PID=1 --output=cat --grep='^Reloading' | wc -l"));

test("a mask that a generator makes at each reload is taken away once, then told with who makes it, and left", async () => {
  const path = "/run/systemd/system/lab-app-2.service";
  const generator = "/run/systemd/system-generators/lxc";
  // As distrobuilder's does in an LXC container; whoever lists what it did counts the reloads.
  await sh(
    `mkdir -p ${generator.slice(0, -4)}; printf '#!/bin/sh\nln -sf /dev/null "/run/systemd/system/lab-app-2.service"\necho >> /run/generated\n' > ${generator}; chmod +x ${generator}; systemctl daemon-reload`,
  );
  await waitDrift("open", `unit-override ${path}`);
  // It is nobody's program itself.
  await waitDrift("open", `unit-override ${generator}`);
  expect(await operatorOf(fleet.lab).ok(["drift", "n1"])).toContain(`made by the generator ${generator}`);
  // Two sweeps and more.
  await sleep(25_000);
  expect(await sh(`readlink ${path}; wc -l < /run/generated`)).toBe("/dev/null\n2");
  expect((await drift()).reverted.filter((item) => item.endsWith(path))).toHaveLength(1);
  await sh(`rm ${generator} ${path}; systemctl daemon-reload`);
  await waitUntil("it is over", async () => (await drift()).open.length === 0, seconds(20));
});

test("a unit that wants a reload after each reload gets few of them", async () => {
  const folder = "/usr/local/lib/systemd/system/lab-app-3.service.d";
  const path = "/etc/systemd/system/lab-app-3.service";
  // systemd says so for ever where the source of a unit is not there.
  await sh(
    `mkdir -p ${folder}; printf '[Unit]\nSourcePath=/nowhere\n' > ${folder}/x.conf; systemctl daemon-reload`,
  );
  const needs = "systemctl show -p NeedDaemonReload --value lab-app-3.service";
  expect(await sh(needs)).toBe("yes");
  await waitDrift("open", `needs-reload ${path}`);
  const before = await reloads();
  expect(before).toBeGreaterThan(0);
  await sleep(35_000);
  expect(await sh(needs)).toBe("yes");
  // Not one at each sweep, which is every ten seconds here.
  expect((await reloads()) - before).toBeLessThanOrEqual(1);
  await sh(`rm ${folder}/x.conf; systemctl daemon-reload`);
  await waitUntil("it is over", async () => (await drift()).open.length === 0, seconds(20));
});

test("units that systemd read from a folder in the place of the closure's are read again when that is back", async () => {
  const description = async () => sh("systemctl show -p Description --value lab-app-3.service");
  const declared = await description();
  await node.runChecked(["chimera", "local", "hold", "--for", "1h", "--drift", "--reason", "by hand"]);
  const edit =
    "rm lab-app-3.service; printf '[Unit]\\nDescription=by hand\\n[Service]\\nExecStart=/bin/true\\n' > lab-app-3.service";
  await sh(`cp -a /etc/static/systemd/system/. /root/units && cd /root/units && ${edit}`);
  await sh("rm /etc/systemd/system && mv /root/units /etc/systemd/system && systemctl daemon-reload");
  expect(await description()).toBe("by hand");
  await node.runChecked(["chimera", "local", "release"]);
  await waitDrift("reverted", "replaced-by-directory /etc/systemd/system");
  await waitUntil("the declared unit is loaded", async () => (await description()) === declared, seconds(20));
  expect(await sh("readlink /etc/systemd/system")).toBe("/etc/static/systemd/system");
});

test("a second root is told, and nobody takes it away but who made it", async () => {
  await sh("echo 'toor:x:0:0::/root:/bin/sh' >> /etc/passwd");
  await waitDrift("open", "account /etc/passwd#toor");
  expect(await sh("id -u toor")).toBe("0");
  await sh("sed -i /^toor:/d /etc/passwd");
  await waitUntil("it is over", async () => (await drift()).open.length === 0, seconds(20));
});

test("a garbage collector root and a link to the running system that are gone are made again", async () => {
  await sh("rm /nix/var/nix/gcroots/current-system /run/current-system");
  await waitDrift("reverted", "missing /nix/var/nix/gcroots/current-system");
  await waitDrift("reverted", "missing /run/current-system");
  expect(await sh("readlink /nix/var/nix/gcroots/current-system; readlink /run/current-system")).toBe(
    `/run/current-system\n${ours}`,
  );
});

test("a profile that somebody moved names ours again", async () => {
  await sh(`nix-env -p /nix/var/nix/profiles/system --set ${theirs}`);
  await waitDrift("reverted", "foreign-system /nix/var/nix/profiles/system", seconds(90));
  expect(await isOurs()).toBe(true);
});

test("a running system's link that somebody moved is ours again", async () => {
  await sh(`ln -sfn ${theirs} /run/current-system`);
  await waitDrift("reverted", "foreign-system /run/current-system", seconds(100));
  expect(await isOurs()).toBe(true);
});

test("another system that somebody switches to is told under a hold, and put back after it", async () => {
  await node.runChecked(["chimera", "local", "hold", "--for", "1h", "--drift", "--reason", "by hand"]);
  const before = (await drift()).reverted.filter((item) => item.startsWith("foreign-system")).length;
  await sh(`nix-env -p /nix/var/nix/profiles/system --set ${theirs}`);
  await node.run([`${theirs}/bin/switch-to-configuration`, "switch"], { timeoutMs: 60_000 });
  await waitDrift("open", "foreign-system /run/current-system", seconds(40));
  await waitDrift("open", "foreign-system /boot/default", seconds(40));
  await node.runChecked(["chimera", "local", "release"]);
  await waitUntil("ours runs again", isOurs, seconds(100));
  const count = async () =>
    (await drift()).reverted.filter((item) => item.startsWith("foreign-system")).length;
  await waitUntil("both are told as put back", async () => (await count()) >= before + 2, seconds(20));
  expect((await drift()).open).toEqual([]);
});

test("what root orders on the node is no drift", async () => {
  const before = (await drift()).reverted.length;
  const { code, stderr } = await node.run(
    ["chimera", "local", "apply", theirs, "--for", "1h", "--reason", "on purpose"],
    { timeoutMs: 180_000 },
  );
  expect(code, stderr).toBe(0);
  expect(await drift()).toMatchObject({ open: [], reverted: { length: before } });
});
