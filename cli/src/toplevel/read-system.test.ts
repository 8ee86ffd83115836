import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { planSwitch } from "../plan/node/plan-switch.ts";
import type { SystemFacts } from "../plan/node/system-facts.ts";
import { readSystem } from "./read-system.ts";
import { createUnitCache } from "./read-unit-folder.ts";
import { findInStore } from "./store-view.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "chimera-plan-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const letters = (letter: string): string => `/nix/store/${letter.repeat(32)}`;
const toplevel = `${letters("a")}-nixos-system-n1`;
const units = `${letters("b")}-system-units`;

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(`${root}${path}`), { recursive: true });
  writeFileSync(`${root}${path}`, content);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(`${root}${path}`), { recursive: true });
  symlinkSync(target, `${root}${path}`);
}

/** As in a toplevel: /etc is a link, and so is the folder of units in it. */
function system(): void {
  write(`${toplevel}/nixos-version`, "1");
  link(`${toplevel}/etc`, `${letters("c")}-etc/etc`);
  link(`${letters("c")}-etc/etc/systemd/system`, units);
  mkdirSync(`${root}${units}`, { recursive: true });
}

const read = (): SystemFacts => readSystem({ root }, toplevel, createUnitCache());
const sources = () => Object.fromEntries([...read().units.sources].map(([name, source]) => [name, source]));

test("units lie behind links of the store; aliases, instances and drop-ins are what they are", () => {
  system();
  write(`${letters("d")}-unit-a/a.service`, "[Service]\nExecStart=x\n");
  link(`${units}/a.service`, `${letters("d")}-unit-a/a.service`);
  link(`${units}/b.service`, "a.service");
  write(`${units}/t@.service`, "[Service]\n");
  link(`${units}/t@x.service`, "t@.service");
  write(`${units}/a.service.d/10-x.conf`, "[Service]\nNice=1\n");
  link(`${units}/multi-user.target.wants/t@x.service`, "../t@x.service");
  const { units: folder } = read();
  expect(folder.sources.get("a.service")).toMatchObject({
    kind: "file",
    from: `${letters("d")}-unit-a/a.service`,
  });
  expect(folder.sources.get("b.service")).toEqual({ kind: "alias", of: "a.service" });
  expect(folder.sources.get("t@x.service")).toMatchObject({ kind: "file", from: `${units}/t@.service` });
  expect(folder.dropIns.get("a.service")).toMatchObject([{ name: "10-x.conf" }]);
  expect(folder.links.wants.get("multi-user.target")).toEqual(["t@x.service"]);
});

test("masks, dangling links, circles, other folders, garbage and giants are told apart, and none is followed out", () => {
  system();
  link(`${units}/masked.service`, "/dev/null");
  link(`${units}/dangling.service`, `${letters("e")}-gone/dangling.service`);
  link(`${units}/circle.service`, `${units}/circle2`);
  link(`${units}/circle2`, `${units}/circle.service`);
  link(`${units}/passwd.service`, "../../../../../../../../etc/passwd");
  link(`${units}/shadow.service`, "/etc/shadow");
  mkdirSync(`${root}${units}/folder.service`);
  write(`${units}/garbage.service`, Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]));
  write(`${units}/giant.service`, Buffer.alloc(10 << 20, "x"));
  write(`${units}/nonsense.service`, "[Service]\nwhat is this\n");
  write(`${units}/\u001b[31mred.service`, "[Service]\n");
  write(`${units}/README`, "no unit");
  expect(sources()).toEqual({
    "masked.service": { kind: "masked" },
    "circle.service": { kind: "unreadable", from: expect.anything(), why: "its links lead in a circle" },
    "passwd.service": { kind: "outside", target: "/etc/passwd" },
    "shadow.service": { kind: "outside", target: "/etc/shadow" },
    "folder.service": { kind: "unreadable", from: expect.anything(), why: "it is a directory" },
    "garbage.service": { kind: "unreadable", from: expect.anything(), why: "it is no text" },
    "giant.service": {
      kind: "unreadable",
      from: expect.anything(),
      why: expect.stringContaining("10485760 bytes"),
    },
    "nonsense.service": { kind: "unreadable", from: expect.anything(), why: "line 2 is no assignment" },
  });
});

test("a system without etc/systemd/system is compared by what else it has, and that is told", () => {
  write(`${toplevel}/nixos-version`, "1");
  link(`${toplevel}/kernel`, `${letters("f")}-linux-6.12.1/bzImage`);
  write(`${letters("f")}-linux-6.12.1/bzImage`, "kernel");
  const from = read();
  rmSync(`${root}${toplevel}/kernel`);
  link(`${toplevel}/kernel`, `${letters("g")}-linux-6.12.2/bzImage`);
  write(`${letters("g")}-linux-6.12.2/bzImage`, "other kernel");
  expect(planSwitch(from, read(), null)).toMatchObject({
    actions: [],
    reboot: ["another kernel: linux-6.12.1 -> linux-6.12.2"],
    rebootUnprotected: null,
    notes: [expect.stringContaining("no folder etc/systemd/system"), expect.anything()],
  });
});

test("a boot partition takes kernel and initrd; what is no file of the store has a size that nobody knows", () => {
  system();
  expect(read().bootFiles).toEqual([]);
  link(`${toplevel}/kernel`, `${letters("f")}-linux-6.12.1/bzImage`);
  write(`${letters("f")}-linux-6.12.1/bzImage`, "kernel");
  link(`${toplevel}/initrd`, `${letters("g")}-gone/initrd`);
  const kernel = { path: `${letters("f")}-linux-6.12.1/bzImage`, bytes: "kernel".length };
  expect(read().bootFiles).toEqual([kernel]);
  rmSync(`${root}${toplevel}/initrd`);
  link(`${toplevel}/initrd`, "/var/lib/initrd");
  expect(read().bootFiles).toEqual([kernel, { path: "/var/lib/initrd", bytes: null }]);
});

test("a path that is no system is refused by name", () => {
  write(`${toplevel}/bin/x`, "");
  expect(read).toThrow(/is no NixOS system/);
});

test.each([
  ["install-systemd-boot.sh", "one-shot", false],
  ["install-grub.sh", "none", true],
  ["extlinux-conf-builder.sh", "none", true],
  ["something-else", "unknown", null],
] as const)("with %s a failed restart is %s", (installer, protection, isUnprotected) => {
  system();
  write(`${toplevel}/init-interface-version`, "systemd 2");
  const from = read();
  write(`${toplevel}/init-interface-version`, "systemd 3");
  write(
    `${toplevel}/bin/switch-to-configuration`,
    `export INSTALL_BOOTLOADER='${letters("h")}-${installer}'\n`,
  );
  const to = read();
  expect(to.protection).toBe(protection);
  expect(planSwitch(from, to, null)).toMatchObject({
    reboot: ["the interface of init differs"],
    rebootUnprotected: isUnprotected,
  });
});

test("inhibitors, GPU driver, initrd and systemd are compared; a list of inhibitors that is garbage is a reason", () => {
  system();
  const from = read();
  const smi = `${letters("j")}-nvidia-x11-595.1-bin/bin/nvidia-smi`;
  write(smi, "");
  link(`${toplevel}/sw/bin/nvidia-smi`, smi);
  write(`${toplevel}/initrd`, "initrd");
  write(`${letters("k")}-etc/system.conf`, "");
  link(`${letters("c")}-etc/etc/systemd/system.conf`, `${letters("k")}-etc/system.conf`);
  write(`${toplevel}/switch-inhibitors`, "{ nonsense");
  expect(planSwitch(from, read(), null)).toMatchObject({
    reboot: ["the switch inhibitors of the systems could not be compared", "another initrd"],
    inhibitors: null,
    atNextBoot: [],
    reexec: ["another system.conf"],
  });
  expect(planSwitch({ ...from, driver: "580.2" }, { ...read(), inhibitors: null }, null).reboot).toEqual([
    "another NVIDIA driver: 580.2 -> 595.1",
    "another initrd",
  ]);
});

test("the store is left by no path", () => {
  system();
  for (const path of ["/etc/passwd", `${toplevel}/../../../etc/passwd`, "/nix/var/nix", "/nix"]) {
    expect(findInStore({ root }, path).kind, path).not.toBe("file");
  }
  expect(findInStore({ root }, `${toplevel}/nixos-version/x`)).toEqual({ kind: "missing" });
  expect(findInStore({ root }, `${toplevel}/./nixos-version`)).toMatchObject({ kind: "file", size: 1 });
});
