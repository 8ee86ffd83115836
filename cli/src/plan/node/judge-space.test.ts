import { bootNameDigest } from "@chimera/proto/system/boot-files";
import { expect, test } from "vitest";
import { judgeSpace, type Said, type Wanted } from "./judge-space.ts";

const mib = 1 << 20;
const at = "2026-11-29T12:00:00.000Z";
const hash = (letter: string) => letter.repeat(32);
const file = (letter: string, name: string, bytes: number | null = 10 * mib) => ({
  path: `/nix/store/${hash(letter)}-${name}`,
  bytes,
});
const kernel = file("a", "linux-6.12/bzImage");
const initrd = file("b", "initrd-linux-6.12/initrd", 20 * mib);
const wanted: Wanted = { narBytes: 100 * mib, bootFiles: [kernel, initrd], oldBootFiles: [] };

type Health = Extract<Said, { kind: "health" }>["health"];
type Boot = NonNullable<Health["space"]>["boot"];

function said(storeFreeBytes: number, boot: Boot): Said {
  return { kind: "health", health: { at, storeFreeBytes, space: { storeReserveBytes: 512 * mib, boot } } };
}

const boot = (freeBytes: number | null, ...names: string[]): Boot => ({
  freeBytes,
  reserveBytes: 32 * mib,
  files: names.map(bootNameDigest),
});
const storeOf = (free: number, over: Partial<Wanted> = {}) =>
  judgeSpace(said(free, null), { ...wanted, ...over }).store;
const bootOf = (of: Boot, over: Partial<Wanted> = {}) =>
  judgeSpace(said(mib, of), { ...wanted, ...over }).boot;

test("a store must have room for the unpacked paths beside the node's own reserve, to the byte", () => {
  const just = Math.ceil(100 * mib * 1.1) + 512 * mib;
  const facts = { neededBytes: 100 * mib, reserveBytes: 512 * mib, saidAt: at };
  expect(storeOf(just)).toEqual({ kind: "ok", freeBytes: just, ...facts });
  expect(storeOf(just - 1)).toEqual({ kind: "lacks", missingBytes: 1, freeBytes: just - 1, ...facts });
  // A store below its reserve is refused by pre-flight though nothing is fetched.
  expect(storeOf(500 * mib, { narBytes: 0 })).toMatchObject({ kind: "lacks", missingBytes: 12 * mib });
  expect(storeOf(just, { narBytes: null })).toMatchObject({
    kind: "unknown",
    because: "a closure list could not be had",
  });
});

test("a boot partition must take what it does not have, beside the node's own reserve", () => {
  expect(bootOf(boot(62 * mib))).toMatchObject({ kind: "ok", neededBytes: 30 * mib, freeBytes: 62 * mib });
  expect(bootOf(boot(62 * mib - 1))).toMatchObject({ kind: "lacks", missingBytes: 1 });
  const there = `${hash("b")}-initrd-linux-6.12-initrd`;
  // As systemd-boot's installer names it, and as GRUB's.
  for (const name of [`${there}.efi`, there]) {
    expect(bootOf(boot(62 * mib - 1, name))).toMatchObject({ kind: "ok", neededBytes: 10 * mib });
  }
});

test("what lies there from any generation is not written again, whatever the system before had", () => {
  const names = [`${hash("a")}-linux-6.12-bzImage.efi`, `${hash("b")}-initrd-linux-6.12-initrd.efi`];
  expect(bootOf(boot(0, ...names))).toMatchObject({ kind: "ok", neededBytes: 0 });
  // And what the system before had is, where its loader keeps it under another name.
  expect(bootOf(boot(0), { oldBootFiles: [kernel, initrd] })).toMatchObject({ kind: "lacks" });
});

test("a node without a boot partition, and a system without a kernel, need no room on it", () => {
  expect(bootOf(null)).toMatchObject({ kind: "ok", neededBytes: 0, freeBytes: null });
  expect(bootOf(boot(0), { bootFiles: [] })).toMatchObject({ kind: "ok", neededBytes: 0 });
});

test("what is not known is said with its reason, and never taken for room", () => {
  const because = "it has not said yet what is free";
  expect(judgeSpace({ kind: "nothing", because }, wanted)).toEqual({
    store: { kind: "unknown", because, neededBytes: 100 * mib },
    boot: { kind: "unknown", because, neededBytes: 30 * mib },
  });
  const older = judgeSpace({ kind: "health", health: { at, storeFreeBytes: 2 ** 40 } }, wanted);
  expect([older.store, older.boot]).toMatchObject(
    [100 * mib, 30 * mib].map((neededBytes) => ({
      kind: "unknown",
      because: expect.stringMatching(/^its agent or the controller is older/u),
      neededBytes,
    })),
  );
  expect(bootOf(boot(null))).toMatchObject({
    kind: "unknown",
    because: expect.stringMatching(/cannot be read, or is mounted on demand/u),
    neededBytes: 30 * mib,
  });
  expect(bootOf(boot(2 ** 40), { bootFiles: null })).toMatchObject({ kind: "unknown" });
  const outside = { path: "/boot/custom/bzImage", bytes: null };
  expect(bootOf(boot(2 ** 40), { bootFiles: [outside, initrd] })).toMatchObject({
    kind: "unknown",
    because: "the closure does not tell how large /boot/custom/bzImage is: it is no file of the store",
  });
});

test("of a node that does not say what lies on its boot partition, the kernel of its old system does", () => {
  const silent: Said = { kind: "nothing", because: "away" };
  const same = judgeSpace(silent, { ...wanted, oldBootFiles: [initrd, kernel] });
  expect(same.boot).toMatchObject({ kind: "ok", neededBytes: 0 });
  const newer = judgeSpace(silent, { ...wanted, oldBootFiles: [kernel] });
  expect(newer.boot).toMatchObject({ kind: "unknown", because: "away", neededBytes: 20 * mib });
});
