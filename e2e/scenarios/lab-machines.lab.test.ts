// Lab hosts are machines of their own: identity, network, store, power.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { downUnlessInUse } from "../lab/down.ts";
import { up } from "../lab/lab.ts";
import type { Lab } from "../lab/lab.ts";
import { prepare } from "../lab/prepare/prepare.ts";
import { silent } from "../lab/report.ts";
import { toolRoot } from "../lab/tools/tool-root.ts";
import { waitUntil } from "../lab/wait-until.ts";

/** The least that lab-init boots: everything else of a system is tested with the system closures. */
const system = `derivation {
  name = "nixos-system-least"; system = "x86_64-linux"; builder = "/bin/sh";
  args = [ "-euc" ''
    /bin/mkdir $out
    printf '#!/bin/sh\\nln -sfn %s /run/booted-system\\nexec /usr/lib/systemd/systemd\\n' "$out" > $out/init
    /bin/chmod +x $out/init
  '' ];
}`;

let lab: Lab;
let toplevel: string;
let folder: string;

beforeAll(async () => {
  await prepare(silent);
  folder = await mkdtemp(join(tmpdir(), "chimera-machines-"));
  const seed = join(folder, "seed");
  await mkdir(join(seed, "nix"), { recursive: true });
  const argv = ["nix", "build", "--impure", "--no-link", "--print-out-paths", "--expr", system];
  toplevel = (await toolRoot({ nixDir: join(seed, "nix") }).runChecked(argv)).trim();
  lab = await up({
    hosts: [
      { name: "n1", kind: "node", seed, toplevel },
      { name: "n2", kind: "node", files: [{ path: "/etc/lab-note", text: "for n2", mode: 0o640 }] },
      { name: "ws", kind: "ws" },
    ],
  });
});

afterAll(async () => {
  await downUnlessInUse();
  await rm(folder, { recursive: true, force: true });
});

test("a host with a system boots it and has a read-only store that Nix can write", async () => {
  const n1 = lab.host("n1");
  expect(await n1.runChecked(["readlink", "/run/booted-system"])).toBe(`${toplevel}\n`);
  const touched = await n1.run(["touch", "/nix/store/written"]);
  expect(touched).toMatchObject({ code: 1, stderr: expect.stringContaining("Read-only file system") });
  const added = (await n1.runChecked(["nix", "store", "add-path", "/etc/hostname"])).trim();
  expect(await n1.runChecked(["cat", added])).toBe("n1\n");
  await n1.runChecked(["nix-env", "-p", "/nix/var/nix/profiles/test", "--set", added]);
  await n1.runChecked(["nix-store", "--verify", "--check-contents"]);
  expect((await n1.run(["touch", "/nix/store/written"])).code).toBe(1);
});

test("a host without a system is plain Debian with the files it was given", async () => {
  const n2 = lab.host("n2");
  expect((await n2.run(["readlink", "/run/booted-system"])).code).toBe(1);
  expect(await n2.runChecked(["stat", "-c", "%a %s", "/etc/lab-note"])).toBe("640 6\n");
});

test("hosts have an identity of their own", async () => {
  const [n1, n2] = await Promise.all(
    ["n1", "n2"].map((name) =>
      lab.host(name).runChecked(["cat", "/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub"]),
    ),
  );
  expect(n1).toMatch(/^[0-9a-f]{32}\n/);
  expect(n1).not.toBe(n2);
});

test("the operator's machine enters a node by name, and no host has a way out", async () => {
  const ws = lab.host("ws");
  expect(await ws.runChecked(["ssh", "-o", "BatchMode=yes", "n2", "hostname"])).toBe("n2\n");
  expect(await ws.runChecked(["ip", "route"])).not.toContain("default");
  expect(
    (await ws.run(["ssh", "-o", "BatchMode=yes", "n2", "ssh", "-o", "BatchMode=yes", "ws", "true"])).code,
  ).toBe(255);
});

test("a program's output, exit code, input and environment come through", async () => {
  const script = 'cat; printf %s "$GREETING" >&2; exit 7';
  const result = await lab.host("n2").run(["sh", "-c", script], { input: "in", env: { GREETING: "hello" } });
  expect(result).toEqual({ code: 7, stdout: "in", stderr: "hello" });
});

test("a program that takes too long is ended inside the host, with what it started", async () => {
  const n2 = lab.host("n2");
  const script = "sleep 4321 & sleep 4321";
  await expect(n2.run(["sh", "-c", script], { timeoutMs: 300 })).rejects.toThrow(/not within 0.3 s/);
  expect((await n2.run(["pgrep", "-f", "^sleep 4321"])).code).toBe(1);
});

test("files and folders are uploaded, and a link on the host leads nowhere outside it", async () => {
  const n2 = lab.host("n2");
  const local = join(folder, "tree");
  await mkdir(join(local, "sub"), { recursive: true });
  await writeFile(join(local, "sub/run"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
  await symlink("sub/run", join(local, "link"));
  await n2.upload(local, "/opt/tree");
  expect(await n2.runChecked(["/opt/tree/link"])).toBe("ran\n");
  await n2.runChecked(["ln", "-s", "/var/tmp", "/opt/away"]);
  await n2.upload(join(local, "sub/run"), "/opt/away/uploaded-by-lab");
  expect(await n2.runChecked(["stat", "-c", "%a", "/var/tmp/uploaded-by-lab"])).toBe("755\n");
});

test("after a power cut the host is off, says so, and boots again with its disk", async () => {
  const n1 = lab.host("n1");
  await n1.runChecked(["sh", "-c", "echo kept > /var/lib/kept; sync /var/lib/kept"]);
  await n1.powerCut();
  expect(await n1.isOn()).toBe(false);
  await expect(n1.run(["true"])).rejects.toThrow(/n1 is switched off/);
  await n1.boot();
  expect(await n1.runChecked(["cat", "/var/lib/kept", "/nix/var/nix/profiles/system/init"])).toMatch(
    /^kept\n/,
  );
});

test("a host that reboots itself comes back", async () => {
  const n2 = lab.host("n2");
  const bootId = (): Promise<string> => n2.runChecked(["journalctl", "--list-boots", "-q", "-n", "1"]);
  const leader = await n2.leaderPid();
  expect(await bootId()).toMatch(/[0-9a-f]{32}/);
  await n2.run(["systemctl", "reboot"]);
  await waitUntil(
    "n2 rebooted",
    async () => (await n2.isOn()) && (await n2.leaderPid().catch(() => leader)) !== leader,
    { timeoutMs: 60_000 },
  );
  await n2.waitRunning();
});

test("a host that was shut down can be switched on, and one that is on cannot be switched on twice", async () => {
  const n2 = lab.host("n2");
  await n2.shutdown();
  expect(await n2.isOn()).toBe(false);
  await n2.boot();
  await expect(n2.boot()).rejects.toThrow(/already switched on/);
});

test("a host that the lab has not is named in the error, with those it has", () => {
  expect(() => lab.host("n9")).toThrow("the lab has no host n9: it has n1, n2, ws");
});
