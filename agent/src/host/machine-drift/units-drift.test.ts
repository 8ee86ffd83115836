/** Overrides, masks and units that were not reloaded; on a real file system, as root. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { modesOfClasses } from "../../reconcile/machine-drift/drift-class.ts";
import { useMachineFixture } from "./machine-fixture.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const items = () =>
  fixture().events.flatMap((event) => {
    if (event.type === "drift-found") return [`found ${event.data.kind} ${event.data.path}`];
    return event.type === "drift-reverted"
      ? [`reverted ${event.data.item.kind} ${event.data.item.path}`]
      : [];
  });
const sweep = async (): Promise<string[]> => {
  await fixture().start().sweepNow();
  return items();
};
const setProperty = (property: string, lines: string): string =>
  `# This is a drop-in unit file extension, created via "systemctl set-property"\n# or an equivalent operation. Do not edit.\n[Service]\n${property}=${lines}\n`;

test("a machine that is as declared has nothing to tell", async () => {
  fixture().write("run/systemd/system/other.service", "[Service]\n");
  fixture().write("run/systemd/system/other.service.d/a.conf", "[Service]\n");
  fixture().write("run/systemd/transient/run-u1.service", "[Service]\n");
  fixture().write("run/systemd/system.attached/portable.service", "[Service]\n");
  fixture().write("run/systemd/system.attached/portable.service.d/20-portable.conf", "[Service]\n");
  fixture().write("run/systemd/transient/run-u1.service.d/50-CPUWeight.conf", "[Service]\n");
  fixture().write("run/systemd/transient/app.slice.d/50-TasksMax.conf", "[Slice]\n");
  fixture().write("run/systemd/transient/session-1.scope", "[Scope]\n");
  expect(await sweep()).toEqual([]);
});

test.for([
  "run/systemd/system/app.service.d/override.conf",
  "run/systemd/system/service.d/all.conf",
  "run/systemd/system/lab-.service.d/beginning.conf",
  "run/systemd/system/app@x.service.d/instance.conf",
  "run/systemd/system.control/app.service",
  "run/systemd/transient/app.service",
  "run/systemd/transient/app.service.d/x.conf",
  "run/systemd/transient/service.d/x.conf",
  "etc/systemd/system.control/app@x.service",
  "etc/systemd/system.attached/app.service.d/x.conf",
  "run/systemd/system.attached/app.service",
])("%s is removed, kept as evidence, and systemd reloads once", async (path) => {
  const file = fixture().write(path, "[Service]\nEnvironment=EVIL=1\n");
  expect(await sweep()).toEqual([`reverted unit-override ${file}`]);
  expect(existsSync(file)).toBe(false);
  expect(existsSync(join(file, "..")) && path.includes(".d/")).toBe(false);
  expect(fixture().counts.reloads).toBe(1);
  const [kept] = readdirSync(at("state/evidence"));
  expect(readFileSync(at(`state/evidence/${kept}/content`), "utf8")).toContain("EVIL=1");
});

test("a mask is removed, and so is a link in the place of a folder of drop-ins; what they lead to is not touched", async () => {
  fixture().write("elsewhere/evil.conf", "[Service]\n");
  symlinkSync("/dev/null", at("run/systemd/system/data.mount"));
  symlinkSync(at("elsewhere"), at("run/systemd/system/app.service.d"));
  mkdirSync(at("run/systemd/transient"));
  symlinkSync("/dev/null", at("run/systemd/transient/app.service"));
  expect((await sweep()).toSorted()).toEqual([
    `reverted unit-override ${at("run/systemd/system/app.service.d")}`,
    `reverted unit-override ${at("run/systemd/system/data.mount")}`,
    `reverted unit-override ${at("run/systemd/transient/app.service")}`,
  ]);
  expect(readdirSync(at("run/systemd/system"))).toEqual([]);
  expect(readdirSync(at("elsewhere"))).toEqual(["evil.conf"]);
  expect(fixture().counts.reloads).toBe(1);
});

test("what distrobuilder's generator writes in an LXC container is its own, and nowhere else", async () => {
  const path = "run/systemd/system/service.d/zzz-lxc-service.conf";
  fixture().write("run/systemd/container", "lxc\n");
  const file = fixture().write(path, "[Service]\nProcSubset=all\n");
  const drift = fixture().start();
  await drift.sweepNow();
  expect(items()).toEqual([]);
  fixture().write("run/systemd/container", "systemd-nspawn\n");
  await drift.sweepNow();
  expect(items()).toEqual([`reverted unit-override ${file}`]);
});

test("another drop-in of the same folder stays when it is no drop-in", async () => {
  fixture().write("run/systemd/system/app.service.d/README", "mine\n");
  fixture().write("run/systemd/system/app.service.d/x.conf", "[Unit]\n");
  await sweep();
  expect(readdirSync(at("run/systemd/system/app.service.d"))).toEqual(["README"]);
});

test("set-property is only told; the same name with anything more is an override", async () => {
  const property = fixture().write(
    "run/systemd/system.control/app.service.d/50-CPUWeight.conf",
    setProperty("CPUWeight", "50"),
  );
  const forged = fixture().write(
    "run/systemd/system.control/app.service.d/50-MemoryMax.conf",
    `${setProperty("MemoryMax", "1G")}ExecStartPre=/tmp/evil\n`,
  );
  const elsewhere = fixture().write(
    "run/systemd/system/app.service.d/50-CPUWeight.conf",
    setProperty("CPUWeight", "9"),
  );
  const wanted = [`found ${property}`, `reverted ${elsewhere}`, `reverted ${forged}`];
  expect((await sweep()).map((line) => line.replace(" unit-override", "")).toSorted()).toEqual(
    wanted.toSorted(),
  );
  expect(existsSync(property)).toBe(true);
});

test("a pipe in place of a drop-in blocks nobody, and names may hold anything", async () => {
  mkdirSync(at("run/systemd/system/app.service.d"));
  execFileSync("mkfifo", [at("run/systemd/system/app.service.d/pipe.conf")]);
  writeFileSync(at("run/systemd/system/app.service.d/new\nline.conf"), "[Unit]\n");
  const raw = Buffer.concat([
    Buffer.from(at("run/systemd/system/app.service.d/")),
    Buffer.from("\xff\xfe.conf", "latin1"),
  ]);
  writeFileSync(raw, "[Unit]\n");
  expect(await sweep()).toHaveLength(3);
  expect(readdirSync(at("run/systemd/system"))).toEqual([]);
});

test("a reload that fails is told, and the override is gone all the same", async () => {
  fixture().reloadProblem = "Failed to reload daemon: No buffer space available";
  const file = fixture().write("run/systemd/system/app.service.d/x.conf", "[Unit]\n");
  await sweep();
  expect(fixture().events).toMatchObject([
    {
      type: "drift-unreverted",
      data: { code: "reload-failed", message: expect.stringContaining("buffer space") },
    },
  ]);
  expect(existsSync(file)).toBe(false);
});

test("a unit that changed since it was loaded is reloaded, and told where that does not help", async () => {
  const unit = { fragment: "/etc/systemd/system/app.service", dropIns: [], needsReload: true };
  fixture().units.set("app.service", { name: "app.service", ...unit });
  const drift = fixture().start();
  await drift.sweepNow();
  expect(items()).toEqual(["reverted needs-reload /etc/systemd/system/app.service"]);
  fixture().units.set("app.service", { name: "app.service", ...unit });
  fixture().reloadProblem = "no";
  await drift.sweepNow();
  await drift.sweepNow();
  expect(fixture().types()).toEqual(["drift-reverted", "drift-unreverted"]);
  expect(drift.summary()).toMatchObject({ openCount: 1, reverted: 1 });
});

test("a file elsewhere that systemd reads for a unit of ours is told, those of generators and units of others are not", async () => {
  const unit = (name: string, fragment: string, ...dropIns: string[]) =>
    fixture().units.set(name, { name, fragment, dropIns, needsReload: false });
  unit(
    "app.service",
    "/etc/systemd/system/app.service",
    "/usr/local/lib/systemd/system/app.service.d/x.conf",
  );
  unit("data.mount", "/run/systemd/generator/data.mount", "/etc/systemd/system/data.mount.d/y.conf");
  unit("foreign.service", "/usr/local/lib/systemd/system/foreign.service");
  const drift = fixture().start();
  await drift.sweepNow();
  await drift.sweepNow();
  expect(items()).toEqual(["found unit-override /usr/local/lib/systemd/system/app.service.d/x.conf"]);
});

test("what is reported is not touched, and told once", async () => {
  const file = fixture().write("run/systemd/system/app.service.d/x.conf", "[Unit]\n");
  const modes = modesOfClasses({ mode: "revert", classes: { units: "report" } });
  const drift = fixture().start({ modes });
  await drift.sweepNow();
  await drift.sweepNow();
  expect(items()).toEqual([`found unit-override ${file}`]);
  expect(existsSync(file)).toBe(true);
});

test("under a hold nothing is touched; after it everything is put back", async () => {
  let isHeld = true;
  const file = fixture().write("run/systemd/system/app.service.d/x.conf", "[Unit]\n");
  const drift = fixture().start({ isHeld: () => isHeld });
  await drift.sweepNow();
  expect([existsSync(file), items()]).toEqual([true, [`found unit-override ${file}`]]);
  isHeld = false;
  await drift.sweepNow();
  expect(existsSync(file)).toBe(false);
});

test("while a switch runs nothing is looked at, afterwards everything", async () => {
  let isSwitching = true;
  const file = fixture().write("run/systemd/system/app.service.d/x.conf", "[Unit]\n");
  await fixture()
    .start({ isSwitching: () => isSwitching })
    .sweepNow();
  expect([existsSync(file), fixture().events]).toEqual([true, []]);
  isSwitching = false;
  await vi.waitFor(() => expect(existsSync(file)).toBe(false), { timeout: 5000 });
});

test("an override is met by the watch, and whoever writes it again and again is only told in the end", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  const file = at("run/systemd/system/app.service.d/x.conf");
  for (let count = 0; count < 10; count += 1) {
    fixture().write("run/systemd/system/app.service.d/x.conf", `# ${count}\n`);
    await vi.waitFor(() => expect(existsSync(file)).toBe(false), { timeout: 5000, interval: 5 });
  }
  fixture().write("run/systemd/system/app.service.d/x.conf", "again\n");
  await vi.waitFor(() => expect(fixture().types()).toContain("drift-unreverted"), { timeout: 5000 });
  expect(existsSync(file)).toBe(true);
  expect(fixture().types()).toContain("alarm");
});

test("a folder that is swapped for a link during removals leads nowhere else", async () => {
  const outside = fixture().write("outside/x.conf", "precious\n");
  const folder = at("run/systemd/system/app.service.d");
  mkdirSync(folder);
  const swapper = setInterval(() => {
    try {
      renameSync(folder, `${folder}.away`);
      symlinkSync(at("outside"), folder);
      renameSync(`${folder}.away`, folder);
    } catch {
      // Whoever is faster.
    }
  }, 0);
  const drift = fixture().start();
  for (let count = 0; count < 100; count += 1) {
    try {
      if (lstatSync(folder).isDirectory()) writeFileSync(join(folder, `${count}.conf`), "x");
    } catch {
      mkdirSync(folder, { recursive: true });
    }
    await drift.sweepNow();
  }
  clearInterval(swapper);
  expect(readFileSync(outside, "utf8")).toBe("precious\n");
  expect(readdirSync(at("outside"))).toEqual(["x.conf"]);
});
