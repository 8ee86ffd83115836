// The closures, built by real Nix: what they hold, what they refer to, what another version moves.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { prepare } from "../prepare/prepare.ts";
import { silent } from "../report.ts";
import { toolRoot, type ToolRoot } from "../tools/tool-root.ts";
import {
  addNode,
  addPath,
  buildSystems,
  installable,
  stageSources,
  type Run,
  type Stage,
} from "./build-systems.ts";
import { writeStandInPrograms } from "./stand-in-programs.ts";
import { Fault, isBootFault, labApps, type Boot, type SystemSpec } from "./system-spec.ts";

let folder = "";
let stage: Stage;
let tools: ToolRoot;
let run: Run;
let node = "";
let systems: Record<string, string> = {};

const base: SystemSpec = {
  label: "a1",
  roles: ["node"],
  version: "1.0-a",
  network: { address: "10.87.31.21/24" },
  agentConfig: { node: "n1" },
  payloadMb: 2,
  apps: labApps("a1"),
};
const hosts: Record<string, SystemSpec> = {
  n1: base,
  n2: { ...base, version: "1.0-b", label: "b1" },
  hub: {
    label: "a1",
    roles: ["hub"],
    version: "1.0-a",
    nats: { config: "port: 4222\n" },
    controllerConfig: { a: 1 },
  },
};

beforeAll(async () => {
  await prepare(silent);
  folder = await mkdtemp(join(tmpdir(), "chimera-os-"));
  stage = { write: join(folder, "stage"), read: join(folder, "stage") };
  tools = toolRoot({ nixDir: join(folder, "nix") });
  run = (argv) => tools.runChecked(argv);
  const programs = await writeStandInPrograms(join(folder, "programs"));
  await stageSources({ stage, dists: { "1.0-a": programs, "1.0-b": programs } });
  node = await addNode({ stage, run, binary: process.execPath });
  systems = await buildSystems({ stage, run, node, hosts });
});

afterAll(async () => {
  if (folder === "") return;
  // The store is read-only by its modes.
  await run(["chmod", "-R", "u+w", "/nix"]);
  await rm(folder, { recursive: true, force: true });
});

const read = (host: string, path: string): Promise<string> => run(["cat", `${systems[host]}/${path}`]);
const closure = async (path = ""): Promise<string[]> =>
  (await run(["nix-store", "--query", "--requisites", path])).split("\n");

test("a toplevel is named as NixOS names it and has NixOS's files", async () => {
  expect(systems["n1"]).toMatch(/^\/nix\/store\/[0-9a-z]{32}-nixos-system-n1-a1$/);
  const files = await run(["ls", systems["n1"] ?? ""]);
  expect(files.split("\n")).toEqual(
    expect.arrayContaining(
      "activate bin boot.json dry-activate etc init init-interface-version initrd kernel kernel-modules kernel-params nixos-version specialisation sw switch-inhibitors system systemd".split(
        " ",
      ),
    ),
  );
  expect(await read("n1", "nixos-version")).toBe("a1");
  expect(JSON.parse(await read("n1", "boot.json"))).toMatchObject({
    "org.nixos.bootspec.v1": { toplevel: systems["n1"], init: `${systems["n1"]}/init` },
  });
});

test("the etc tree uses all three modes, and owners by number and by name", async () => {
  expect(await read("n1", "etc/mtab.mode")).toBe("direct-symlink");
  expect(await read("n1", "etc/ssh/authorized_keys.d/root.mode")).toBe("0444");
  expect(await read("n1", "etc/ssh/authorized_keys.d/root.uid")).toBe("+0");
  expect(await read("n1", "etc/lab/owned-by-name.gid")).toBe("adm");
  expect((await run(["find", `${systems["n1"]}/etc/ssh/`, "-name", "sshd_config.mode"])).trim()).toBe("");
  expect((await run(["readlink", `${systems["n1"]}/etc/systemd/system`])).trim()).toMatch(/-system-units$/);
});

test("the sentinel's unit is one that no switch touches", async () => {
  const unit = await read("n1", "etc/systemd/system/chimera-sentinel.service");
  for (const line of [
    "X-StopOnRemoval=false",
    "X-RestartIfChanged=false",
    "KillMode=mixed",
    "Restart=always",
  ])
    expect(unit.split("\n")).toContain(line);
  expect(unit).not.toMatch(/NoNewPrivileges|Private|Protect|ReadOnly/);
  expect(unit.indexOf("X-StopOnRemoval")).toBeLessThan(unit.indexOf("[Service]"));
});

test("no placeholder is left in any script or configuration file", async () => {
  const conf = await Promise.all(
    [
      "activate",
      "bin/switch-to-configuration",
      "init",
      "etc/chimera/tmux.conf",
      "etc/chimera/agent-window.conf",
    ].map((path) => read("n1", path)),
  );
  for (const text of conf) expect(text).not.toMatch(/@(?:out|program|etc|fault|tmux|supervisor)@/);
});

test("the closure holds node, the programs and their bundles; another version moves neither node nor the payload", async () => {
  const [a, b] = [await closure(systems["n1"]), await closure(systems["n2"])];
  expect(a).toContain(node);
  expect(a.some((path) => path.endsWith("-chimera-1.0-a"))).toBe(true);
  const moved = b
    .filter((path) => !a.includes(path))
    .map((path) => path.replace(/^\/nix\/store\/[^-]+-/, ""));
  expect(moved).toContain("chimera-1.0-b");
  expect(moved).not.toContain("payload-2");
  expect(moved.some((name) => name.startsWith("nodejs"))).toBe(false);
});

test("the agent of a system is the version that was asked for", async () => {
  expect(await run([`${systems["n2"]}/sw/bin/chimera`, "status"])).toBe("chimera 1.0-b status");
  expect(await run(["cat", `${systems["n1"]}/sw/bin/chimera-agent`])).toContain(
    `exec ${node}/bin/node --max-semi-space-size=1 --optimize-for-size`,
  );
});

test("the hub runs nats-server and the controller, and no sentinel", async () => {
  const units = (await run(["ls", `${systems["hub"]}/etc/systemd/system/`])).split("\n");
  expect(units).toEqual(expect.arrayContaining(["nats-server.service", "chimera-controller.service"]));
  expect(units).not.toContain("chimera-sentinel.service");
  expect(await read("hub", "etc/systemd/system/chimera-controller.service")).toMatch(
    /^ExecStart=\/nix\/store\/\S+-chimera-1\.0-a\/bin\/chimera-controller serve --config \/etc\/chimera\/controller\.json$/m,
  );
});

test("every fault and a specialisation can be built", async () => {
  const faults = Fault.options.filter((fault) => !isBootFault(fault));
  const faulty = Object.fromEntries(
    faults.map((fault) => [fault, { ...base, fault, label: `f-${fault}` } satisfies SystemSpec]),
  );
  const special = { ...base, specialisations: { slow: { label: "slow", kernelParams: ["slow"] } } };
  const built = await buildSystems({ stage, run, node, hosts: { ...faulty, special } });
  expect(Object.keys(built).toSorted()).toEqual([...faults, "special"].toSorted());
  expect(await run(["cat", `${built["special"]}/specialisation/slow/kernel-params`])).toBe("slow");
});

/** As `addVmKernel` does it, with a few bytes in the place of a kernel. */
async function smallKernel(): Promise<Boot> {
  await mkdir(join(stage.write, "small"), { recursive: true });
  for (const file of ["bzImage", "initrd"])
    await writeFile(join(stage.write, "small", file), `small ${file}`);
  const add = (name: string): Promise<string> => addPath({ stage, run }, { folder: "small", name });
  return { kind: "systemd-boot", kernel: await add("linux-6.1-small"), initrd: await add("initrd-small") };
}

test("with a boot loader the kernel is the one that was given, and another version of it is another path", async () => {
  const boot = await smallKernel();
  const built = await buildSystems({
    stage,
    run,
    node,
    hosts: {
      v1: { ...base, boot },
      next: { ...base, boot: { ...boot, tries: 3 }, kernelVersion: "6.2" },
      panic: { ...base, boot, fault: "boot-panic" },
      garbage: { ...base, boot, fault: "boot-garbage" },
    },
  });
  const cat = (system: string, file: string): Promise<string> => run(["cat", `${built[system]}/${file}`]);
  const kernel = (system: string): Promise<string> => run(["readlink", `${built[system]}/kernel`]);
  expect([await cat("v1", "kernel"), await cat("v1", "initrd")]).toEqual(["small bzImage", "small initrd"]);
  expect(await kernel("v1")).toMatch(/-linux-6\.1-small\/bzImage$/);
  expect(await kernel("next")).toMatch(/-linux-6\.2\/bzImage$/);
  expect(await cat("next", "kernel")).toBe("small bzImage");
  expect(await cat("next", "install-bootloader")).toMatch(/install-bootloader "\$1" systemd-boot 3$/);
  expect(await cat("panic", "kernel-params")).toContain("panic=5 lab.panic");
  expect(await cat("garbage", "kernel")).not.toBe("small bzImage");
  expect(await kernel("panic")).toBe(await kernel("v1"));
});

test("the same sources give the same bytes", async () => {
  await buildSystems({ stage, run, node, hosts });
  const rebuild = ["nix", "--extra-experimental-features", "nix-command", "build", "--no-link", "--rebuild"];
  await expect(run([...rebuild, ...installable(stage, "systems.n1")])).resolves.toBe("");
});

test("a version without bundles is an error that names the folder", async () => {
  const missing = { n1: { ...base, version: "9.9" } };
  await expect(buildSystems({ stage, run, node, hosts: missing })).rejects.toThrow("dist/9.9");
});

test("a wrong argument is an error before Nix runs", async () => {
  const wrong = { n1: { ...base, label: "no spaces" } };
  await expect(buildSystems({ stage, run, node, hosts: wrong })).rejects.toThrow("hosts.n1.label");
});

test("what is staged is the repository's own layout, without programs' sources", async () => {
  await expect(readFile(join(stage.write, "e2e/lab/os/default.nix"), "utf8")).resolves.toContain(
    "systemsFile",
  );
  await expect(readFile(join(stage.write, "e2e/lab/os/build-systems.ts"), "utf8")).rejects.toThrow("ENOENT");
});
