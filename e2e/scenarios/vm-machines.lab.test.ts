// A VM of the lab is a machine with a firmware, a boot loader, a kernel and disks of its own.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildVmSystems, type VmSystems } from "../fixtures/vm-systems.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { hostAddresses } from "../lab/host/host-spec.ts";
import { up } from "../lab/lab.ts";
import { machineSnapshot, type MachineSnapshot } from "../lab/machine-snapshot.ts";
import { bridgeName, freeSubnet } from "../lab/kernel/network.ts";
import { prepare } from "../lab/prepare/prepare.ts";
import { silent } from "../lab/report.ts";
import { bootDefaultOf, readBootEntries } from "../lab/vm/read-boot-entries.ts";
import { waitRebooted } from "../lab/host/wait-rebooted.ts";
import { waitUntil } from "../lab/wait-until.ts";

let before: MachineSnapshot;
let built: VmSystems;
let vm: Host;

beforeAll(async () => {
  await prepare(silent);
  await downUnlessInUse();
  before = await machineSnapshot();
  const subnet = await freeSubnet();
  const usual = { name: "v1", kind: "node", vm: { espMb: 48, rtcBase: "2035-06-01T00:00:00" } } as const;
  built = await buildVmSystems(hostAddresses([usual], subnet)["v1"] ?? "");
  const lab = await up({ hosts: [{ ...usual, seed: built.seed, toplevel: built.systems.a }], subnet });
  vm = lab.host("v1");
});
afterAll(async () => {
  await downUnlessInUse();
  await built.remove();
});

const sh = async (script: string): Promise<string> => (await vm.runChecked(["sh", "-euc", script])).trim();
const booted = (): Promise<string> => sh("readlink /run/booted-system");
const files = async (): Promise<string[]> => (await readBootEntries(vm)).map(({ file }) => file).toSorted();
const setProfile = (toplevel: string): Promise<string> =>
  vm.runChecked(["nix-env", "-p", "/nix/var/nix/profiles/system", "--set", toplevel]);

async function makeDefault(toplevel: string): Promise<void> {
  await setProfile(toplevel);
  await vm.runChecked([`${toplevel}/bin/switch-to-configuration`, "boot"]);
}

test("a kernel of its own was started by systemd-boot and made the system what NixOS makes it", async () => {
  expect(await booted()).toBe(built.systems.a);
  expect(await sh("uname -r")).not.toBe((await readFile("/proc/sys/kernel/osrelease", "utf8")).trim());
  expect(await sh("bootctl status --no-pager")).toMatch(/Product: systemd-boot/);
  expect(await readBootEntries(vm)).toEqual([
    expect.objectContaining({ file: "nixos-generation-1.conf", isDefault: true, isBooted: true }),
  ]);
  expect((await vm.run(["touch", "/nix/store/written"])).stderr).toContain("Read-only file system");
  expect(await sh("findmnt -no FSTYPE /boot")).toBe("vfat");
});

test("its clock is the one of its hardware", async () => {
  expect(await sh("date +%Y-%m")).toBe("2035-06");
});

test("other machines of the lab's network reach it", async () => {
  const socket = createConnection({ host: vm.address, port: 22 }).setEncoding("utf8");
  const [greeting]: unknown[] = await once(socket, "data");
  socket.destroy();
  expect(greeting).toMatch(/^SSH-2\.0/);
});

test("a program's output, exit code, input and environment come through, and its time is limited", async () => {
  const script = 'cat; printf %s "$GREETING" >&2; exit 255';
  const result = await vm.run(["sh", "-c", script], { input: "in", env: { GREETING: "it's" } });
  expect(result).toEqual({ code: 255, stdout: "in", stderr: "it's" });
  const slow = vm.run(["sh", "-c", "sleep 4321 & sleep 4321"], { timeoutMs: 1500 });
  await expect(slow).rejects.toThrow(/not within 1.5 s/);
  expect((await vm.run(["pgrep", "-f", "^sleep 4321"])).code).toBe(1);
});

test("programs run side by side, more than one connection usually carries", async () => {
  const many = Array.from({ length: 20 }, (_, i) => vm.runChecked(["echo", `${i}`]));
  expect((await Promise.all(many)).map(Number)).toEqual(many.map((_, i) => i));
});

test("a one-shot entry is booted once: a power cut returns to the default", async () => {
  await makeDefault(built.systems.b);
  expect(await files()).toEqual(["nixos-generation-1.conf", "nixos-generation-2+2.conf"]);
  expect(await sh("ls /boot/EFI/nixos | wc -l")).toBe("3");
  await makeDefault(built.systems.a);
  expect(await bootDefaultOf(vm)).toBe(built.systems.a);
  await vm.runChecked(["bootctl", "set-oneshot", "nixos-generation-2.conf"]);
  await waitRebooted(vm, () => vm.run(["systemctl", "reboot"]));
  expect(await booted()).toBe(built.systems.b);
  const isBlessed = async (): Promise<boolean> => (await files()).includes("nixos-generation-2.conf");
  await waitUntil("the entry blessed", isBlessed, { timeoutMs: 30_000, everyMs: 500 });
  await vm.powerCut();
  expect(await vm.isOn()).toBe(false);
  await expect(vm.run(["true"])).rejects.toThrow(/v1 is switched off/);
  await vm.boot();
  expect(await booted()).toBe(built.systems.a);
});

test("a counted system that panics is tried as often as it may, and then never again", async () => {
  await makeDefault(built.systems.panic);
  expect(await bootDefaultOf(vm)).toBe(built.systems.panic);
  const [panicked = ""] = (await files()).filter((file) => file.includes("+2"));
  expect(panicked).toMatch(/^nixos-generation-\d\+2\.conf$/);
  await waitRebooted(vm, () => vm.run(["systemctl", "reboot"]));
  expect(await booted()).not.toBe(built.systems.panic);
  expect(await files()).toContain(panicked.replace("+2", "+0-2"));
  const console = await readFile(vm.consoleLog(), "utf8");
  expect(console.match(/lab fault: the kernel panics now/g)).toHaveLength(2);
});

test("a full boot partition refuses another kernel, and the loader boots what it would have booted", async () => {
  await makeDefault(built.systems.a);
  const listBoot = "find /boot -type f -printf '%P %s\\n' | sort";
  // Room for entries, but for no kernel.
  await sh("cat /dev/zero > /boot/filler || true; truncate --size=-4M /boot/filler; sync -f /boot");
  const full = await sh(listBoot);
  await setProfile(built.systems.another);
  const refused = await vm.run([`${built.systems.another}/bin/switch-to-configuration`, "boot"]);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/boot partition .*another[^]*ENOSPC/),
  });
  expect(await sh(listBoot)).toBe(full);
  expect(await bootDefaultOf(vm)).toBe(built.systems.a);
});

test("a power cut loses what was not synced; a boot default that was just set is kept", async () => {
  await sh("rm /boot/filler; echo kept > /var/lib/kept; sync /var/lib/kept /var/lib");
  await makeDefault(built.systems.another);
  await sh("echo lost > /var/lib/lost");
  await vm.powerCut();
  await vm.boot();
  expect(await booted()).toBe(built.systems.another);
  expect((await vm.run(["cat", "/var/lib/kept", "/var/lib/lost"])).stdout).toBe("kept\n");
});

test("when it was shut down it is off, and nothing is left behind when the lab is down", async () => {
  await vm.shutdown();
  expect(await vm.isOn()).toBe(false);
  await downUnlessInUse();
  expect(ofThisLab(await machineSnapshot())).toEqual(ofThisLab(before));
  expect(existsSync(`/sys/class/net/${bridgeName}`)).toBe(false);
});

/** The rest of the machine is also that of the lab in the other lane, whose own VMs come and go. */
function ofThisLab({ processes, cgroups, labFiles }: MachineSnapshot): Partial<MachineSnapshot> {
  return { processes, cgroups, labFiles };
}
