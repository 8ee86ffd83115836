// Set-user-id programs that NixOS's own script made, and what somebody does to them on a machine with systemd: all is put back, without a setting.
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployWorld, waitView } from "../fleet/fleet-stage.ts";
import { seconds, seenDrift } from "../fleet/seen-drift.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let node: Host;
/** Name, mode, owner and capabilities of each, and the bytes of all. */
let right: string;

const bin = "/run/wrappers/bin";
const sh = async (script: string): Promise<string> => (await node.runChecked(["sh", "-euc", script])).trim();
const look = () =>
  sh(`cd ${bin}/ && stat -c '%n %a %u:%g' * && getcap * && sha256sum * && readlink ${bin} | cut -c1-22`);
const reverts = async (item: string): Promise<number> =>
  (await seenDrift(fleet, "n1")).reverted.filter((one) => one === `wrapper ${item}`).length;

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  const { code, stderr } = await deployWorld(fleet, "wrapped", {
    changes: { wrappers: true },
    agentConfig: { drift: { sweepSeconds: 10 } },
  });
  if (code !== 0) throw new Error(`the deployment: ${stderr}`);
});
afterAll(() => downUnlessInUse());

test("a system's wrappers are there, and nothing is told of them", async () => {
  const isThere = async (): Promise<boolean> => (await node.run(["test", "-e", `${bin}/lab-cap`])).code === 0;
  await waitUntil("the wrappers are made", isThere, seconds(70));
  right = await look();
  expect(right).toContain("lab-suid 4511 0:0");
  expect(right).toContain("lab-cap 511 0:0");
  expect(right).toMatch(/lab-cap cap_setpcap,cap_net_raw=ep|lab-cap cap_net_raw,cap_setpcap=ep/);
  expect((await node.run([`${bin}/lab-suid`])).code).toBe(0);
  // Their folder was mounted over one that was listened to: it is heard from the next sweep on.
  const madeAt = Date.now();
  const { status } = await waitView(
    fleet,
    "n1",
    (view) => Date.parse(view.status?.drift.lastSweepAt ?? "") > madeAt + 11_000,
  );
  expect(status?.drift).toMatchObject({ openCount: 0, open: [] });
});

test.each<[what: string, script: string, item: string]>([
  ["other bytes", `echo evil >> ${bin}/lab-suid`, `${bin}/lab-suid`],
  ["no set-user-id bit", `chmod 0511 ${bin}/lab-suid`, `${bin}/lab-suid`],
  ["everybody's to write", `chmod 4777 ${bin}/lab-suid`, `${bin}/lab-suid`],
  ["another owner", `chown 65534 ${bin}/lab-suid`, `${bin}/lab-suid`],
  ["gone", `rm ${bin}/lab-suid`, `${bin}/lab-suid`],
  ["without its capability", `setcap -r ${bin}/lab-cap`, `${bin}/lab-cap`],
  ["another capability", `setcap cap_sys_admin+ep ${bin}/lab-cap`, `${bin}/lab-cap`],
  [
    "a shell beside their folder",
    "cp /bin/dash /run/wrappers/shell && chmod 4755 /run/wrappers/shell",
    "/run/wrappers/shell",
  ],
  ["a shell beside them", `cp /bin/dash ${bin}/shell && chmod 4755 ${bin}/shell`, `${bin}/shell`],
  [
    "a link that leads elsewhere",
    `mkdir -p /root/mine && cp /bin/dash /root/mine/shell && ln -sfn /root/mine ${bin}`,
    bin,
  ],
])("%s: as it was, and told", async (what, script, item) => {
  const before = await reverts(item);
  await sh(script);
  await waitUntil(what, async () => (await look().catch(() => "")) === right, seconds(20));
  await waitUntil("it is told", async () => (await reverts(item)) > before, seconds(20));
  expect((await seenDrift(fleet, "n1")).open).toEqual([]);
});

test("what the link led to is still there, and what was taken away is kept without its bit", async () => {
  expect(await sh("ls /root/mine")).toBe("shell");
  const kept = await sh(
    "find /var/lib/chimera/evidence -name content -newer /etc/hostname -printf '%m\\n' | sort -u",
  );
  expect(kept.split("\n")).toEqual(["600"]);
});
