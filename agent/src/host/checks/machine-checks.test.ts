import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGpuCheck } from "./check-gpu.ts";
import { createUnitCheck } from "./check-unit.ts";
import { daemonProblem } from "./nix-daemon.ts";
import { databaseProblem, isPermanent, linkProblem } from "./nix-places.ts";
import { mountUnit, serviceThatRanTooLong } from "../systemd/systemd-answers-fixture.ts";

let root: string;
let server: Server | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "chimera-machine-"));
});
afterEach(() => {
  server?.close();
  rmSync(root, { recursive: true });
});

const { signal } = new AbortController();

function write(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  rmSync(join(root, path), { force: true });
  symlinkSync(target, join(root, path));
}

/** Answers whatever is asked. */
async function answerWith(bytes: Buffer | string): Promise<string> {
  const socket = join(root, "socket");
  server = createServer((client) => {
    client.on("error", () => undefined).once("data", () => client.end(bytes));
  });
  server.listen(socket);
  await once(server, "listening");
  return socket;
}

function device(address: string, pciClass: string, driver: string | null): void {
  write(`sys/bus/pci/devices/${address}/class`, `${pciClass}\n`);
  if (driver !== null) link(`sys/bus/pci/devices/${address}/driver`, `../../../../bus/pci/drivers/${driver}`);
}
const nvidia =
  "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\nGCC version: 12\n";
const gpus = (count: number, driver?: string) => createGpuCheck({ count, driver }, root)(signal);

describe("gpu", () => {
  test("a machine without a PCI bus, or without a GPU on it, has none", async () => {
    expect(await gpus(1)).toEqual({ kind: "failed", message: "0 of 1 GPUs have a driver (found: no GPU)" });
    device("0000:00:1f.0", "0x060100", "lpc_ich");
    expect(await gpus(1)).toMatchObject({ kind: "failed" });
  });

  test("a GPU without a driver, or held for a virtual machine, is none", async () => {
    device("0000:01:00.0", "0x030200", null);
    device("0000:02:00.0", "0x030000", "vfio-pci");
    const message = "0 of 1 GPUs have a driver (found: none, vfio-pci)";
    expect(await gpus(1)).toEqual({ kind: "failed", message });
    device("0000:03:00.0", "0x038000", "amdgpu");
    expect(await gpus(1)).toEqual({ kind: "passed", message: "1 GPUs: amdgpu" });
    expect(await gpus(2)).toMatchObject({ kind: "failed" });
  });

  test("NVIDIA's driver must say its version", async () => {
    device("0000:01:00.0", "0x030200", "nvidia");
    expect(await gpus(1)).toMatchObject({ kind: "failed", message: expect.stringContaining("version") });
    write("proc/driver/nvidia/version", "");
    expect(await gpus(1)).toMatchObject({ kind: "failed" });
    write("proc/driver/nvidia/version", nvidia);
    expect(await gpus(1)).toEqual({ kind: "passed", message: "1 GPUs: nvidia" });
  });

  test("a server's own display chip is no GPU where a driver is named", async () => {
    device("0000:01:00.0", "0x030000", "ast");
    device("0000:02:00.0", "0x030200", "amdgpu");
    expect(await gpus(2)).toMatchObject({ kind: "passed" });
    expect(await gpus(2, "amdgpu")).toMatchObject({ kind: "failed" });
    expect(await gpus(1, "amdgpu")).toMatchObject({ kind: "passed", message: "1 GPUs: amdgpu" });
  });
});

describe("unit", () => {
  const active = mountUnit;
  /** The second answer is ActiveState's: a word of as many letters takes its place. */
  const saying = (word: string) => {
    const bytes = Buffer.from(active);
    bytes.write(word, bytes.indexOf("active\0"), "latin1");
    return bytes;
  };
  for (const [name, bytes, kind, message] of [
    ["active", active, "passed", "a.mount is active (mounted)"],
    ["failed", serviceThatRanTooLong, "failed", "a.mount is failed (failed)"],
    ["of a state nobody knows", saying("frozen"), "failed", "a.mount is frozen (mounted)"],
    ["not told", Buffer.from("OK\r\n"), "failed", "systemd did not say how a.mount is"],
  ] as const) {
    test(`a unit that is ${name} has ${kind}`, async () => {
      const check = createUnitCheck("a.mount", await answerWith(bytes));
      expect(await check(signal)).toEqual({ kind, message });
    });
  }
});

describe("nix: links and database", () => {
  const [now, before] = [`/nix/store/${"a".repeat(32)}-now`, `/nix/store/${"b".repeat(32)}-before`];
  const roots = "nix/var/nix/gcroots/chimera";
  const profiles = "nix/var/nix/profiles";
  beforeEach(() => {
    for (const system of [now, before]) write(`${system}/init`, "");
    link(`${roots}/wanted`, now);
    link(`${roots}/previous`, before);
    link(`${profiles}/system`, "system-7-link");
    link(`${profiles}/system-7-link`, now);
  });

  test("where all leads somewhere there is no problem", () => {
    expect(linkProblem(root)).toBeNull();
    rmSync(join(root, `${profiles}/system`));
    expect(linkProblem(root)).toBeNull();
  });

  test("roots and profile are looked at once the profile names what runs: before, they lead to what is replaced", () => {
    expect(isPermanent(root, now)).toBe(true);
    expect(isPermanent(root, before)).toBe(false);
    link(`${profiles}/system-7-link`, before);
    expect(isPermanent(root, before)).toBe(true);
    rmSync(join(root, `${profiles}/system`));
    expect(isPermanent(root, now)).toBe(true);
  });

  test("what is being fetched may not be there yet, the way back must", () => {
    link(`${roots}/wanted`, `/nix/store/${"c".repeat(32)}-coming`);
    expect(linkProblem(root)).toBeNull();
    rmSync(join(root, before), { recursive: true });
    expect(linkProblem(root)).toBe("/nix/var/nix/gcroots/chimera/previous leads nowhere");
  });

  for (const [name, spoil, problem] of [
    [
      "no roots",
      () => rmSync(join(root, roots), { recursive: true }),
      /gcroots\/chimera cannot be read: ENOENT/,
    ],
    [
      "a profile to nowhere",
      () => link(`${profiles}/system`, "system-8-link"),
      /profiles\/system leads nowhere/,
    ],
    [
      "a profile in a circle",
      () => link(`${profiles}/system-7-link`, "system"),
      /profiles\/system leads nowhere/,
    ],
    ["a boot default of no system", () => write("boot/default", "rubbish"), /boot default names no system/],
    [
      "a boot default that is gone",
      () => write("boot/default", `/nix/store/${"d".repeat(32)}-gone\n`),
      /boot default, .*-gone, does not exist/,
    ],
    [
      "a boot entry that is gone",
      () => write("boot/loader/loader.conf", "timeout 5\ndefault nixos-generation-7.conf\n"),
      /boot default names no system/,
    ],
  ] as const) {
    test(`${name} is a problem`, () => {
      spoil();
      expect(linkProblem(root)).toMatch(problem);
    });
  }

  for (const [name, text] of [
    ["a pattern", "default nixos-*\n"],
    ["what was booted last", "default @saved\n"],
    ["nothing", "timeout 5\n"],
  ] as const) {
    test(`a loader whose default is ${name} chooses by itself`, () => {
      write("boot/loader/loader.conf", text);
      expect(linkProblem(root)).toBeNull();
    });
  }

  test("a boot default whose system is there is no problem", () => {
    write("boot/loader/loader.conf", "default nixos-generation-7.conf\n");
    write("boot/loader/entries/nixos-generation-7+2-1.conf", `title x\noptions init=${now}/init quiet\n`);
    expect(linkProblem(root)).toBeNull();
    write("boot/default", `${before}\n`);
    expect(linkProblem(root)).toBeNull();
  });

  for (const [name, spoil, problem] of [
    ["is missing", () => undefined, /cannot be read: ENOENT/],
    ["is a folder", () => mkdirSync(join(root, "nix/var/nix/db/db.sqlite"), { recursive: true }), /EISDIR/],
    ["is empty", () => write("nix/var/nix/db/db.sqlite", ""), /is none/],
    ["is all zeros", () => write("nix/var/nix/db/db.sqlite", new Uint8Array(4096)), /is none/],
    ["begins as one", () => write("nix/var/nix/db/db.sqlite", "SQLite format 3\0..."), /^null$/],
  ] as const) {
    test(`of a database that ${name} just that is said`, () => {
      spoil();
      expect(String(databaseProblem(root))).toMatch(problem);
    });
  }
});

describe("nix: the daemon", () => {
  for (const [name, bytes, problem] of [
    ["closes the door", "", /connection ended/],
    ["says half a word", "oixd\0\0", /connection ended/],
    ["is another one", "HTTP/1.1 400 Bad Request\r\n\r\n", /something else/],
    ["answers", "oixd\0\0\0\0&\u0001\0\0\0\0\0\0", /^null$/],
  ] as const) {
    test(`one that ${name} is known for it`, async () => {
      const socket = await answerWith(Buffer.from(bytes, "latin1"));
      expect(String(await daemonProblem(socket, signal))).toMatch(problem);
    });
  }

  test("one that is silent is left with the signal, one that is gone does not answer", async () => {
    const abort = new AbortController();
    const socket = join(root, "socket");
    server = createServer((client) => client.on("error", () => undefined).on("data", () => abort.abort()));
    server.listen(socket);
    await once(server, "listening");
    expect(await daemonProblem(socket, abort.signal)).toMatch(/does not answer/);
    expect(await daemonProblem(join(root, "none"), signal)).toMatch(/does not answer: connect ENOENT/);
  });
});
