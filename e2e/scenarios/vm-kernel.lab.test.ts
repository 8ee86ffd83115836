// A machine with a kernel of its own: what the running one is, against what its system brought.
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployWorld, viewOf } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { seconds, seenDrift, waitDrift } from "../fleet/seen-drift.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

/** A look takes the emulated processor half a minute, and the first one more. */
const patience = seconds(300);

let fleet: Fleet;
let vm: Host;

const sh = async (script: string): Promise<string> => (await vm.runChecked(["sh", "-euc", script])).trim();
const isOver = async (): Promise<boolean> => (await seenDrift(fleet, "v1")).open.length === 0;

beforeAll(async () => {
  fleet = await startFleet({ nodes: 0, vms: 1 });
  vm = fleet.lab.host("v1");
  const agentConfig = { drift: { sweepSeconds: 5 } };
  const { code, stderr } = await deployWorld(fleet, "first", { agentConfig });
  if (code !== 0) throw new Error(`the deployment: ${stderr}`);
});
afterAll(() => downUnlessInUse());

test("of all that is loaded only another build of a known module is told, until it is gone", async () => {
  // With what it depends on. A signature that is wrong is refused, none at all is not.
  await sh(
    `modprobe af_key; rmmod af_key
     xz -dc /usr/lib/modules/$(uname -r)/kernel/net/key/af_key.ko.xz > /root/af_key.ko
     perl -0777 -pi -e 'substr($_, -40 - unpack("N", substr($_, -32, 4))) = "" if /~Module signature appended~\\n$/' /root/af_key.ko
     cp /root/af_key.ko /root/other.ko
     perl -0777 -pi -e 's/(\\x04\\0\\0\\0\\x14\\0\\0\\0\\x03\\0\\0\\0GNU\\0).{20}/$1 . "x" x 20/se' /root/other.ko`,
  );
  await sh("modprobe dummy; insmod /root/other.ko");
  await waitDrift(fleet, "v1", { where: "open", item: "kernel /sys/module/af_key", timeout: patience });
  // The kernel, its parameters and dozens of modules were compared in the same look.
  expect((await seenDrift(fleet, "v1")).open).toEqual(["kernel /sys/module/af_key"]);
  expect((await viewOf(fleet, "v1")).status?.drift.unseen ?? []).toEqual([]);
  const told = await operatorOf(fleet.lab).ok([
    "timeline",
    "--since",
    "30m",
    "--node",
    "v1",
    "--kind",
    "all",
  ]);
  expect(told).not.toContain("machine-unreadable");
  const shown = await operatorOf(fleet.lab).ok(["drift", "v1"]);
  expect(shown).toContain(`another build, ${"78".repeat(20)}`);
  await sh("rmmod dummy af_key");
  await waitUntil("it is over", isOver, patience);
});

test("a module that the system does not have is told", async () => {
  await sh("sed s/af_key/af_kez/g /root/af_key.ko > /root/af_kez.ko; insmod /root/af_kez.ko");
  await waitDrift(fleet, "v1", { where: "open", item: "kernel /sys/module/af_kez", timeout: patience });
  expect(await operatorOf(fleet.lab).ok(["drift", "v1"])).toContain("not a module of the booted system");
  await sh("rmmod af_kez");
  await waitUntil("it is over", isOver, patience);
});
