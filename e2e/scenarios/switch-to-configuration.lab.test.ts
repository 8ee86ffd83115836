// The closures' switch-to-configuration on a real host, rule by rule (table: e2e/lab/os/README.md). One boot for all;
// every test begins with system `a` active and leaves it so.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startSwitchHost, type SwitchHost } from "../fixtures/switch-host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let on: SwitchHost;

beforeAll(async () => {
  on = await startSwitchHost();
});
afterAll(() => on?.end());
afterEach(async () => {
  const { code, lines } = await on.switchTo("a", "test", { NIXOS_NO_CHECK: "1" });
  if (code !== 0) throw new Error(`going back to a: exit ${code}\n${lines.join("\n")}`);
});

const units = async (...names: readonly string[]): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all(names.map(async (name) => [name, await on.unit(name)] as const)));

test("the machine boots into the default system with NixOS's pointers and /etc", async () => {
  expect(await on.current()).toBe(on.systems["a"]);
  expect(await on.sh("readlink /run/booted-system")).toBe(on.systems["a"]);
  expect(await on.sh("readlink /etc/systemd/system /etc/lab/revision /etc/mtab")).toBe(
    "/etc/static/systemd/system\n/etc/static/lab/revision\n/proc/mounts",
  );
  expect(await on.sh("stat -c '%a %U %G %F' /etc/lab/owned-by-name")).toBe("640 root adm regular file");
  expect(await on.sh("findmnt -no OPTIONS /nix/store")).toMatch(/^ro,/);
  expect(await on.sh("systemctl is-system-running")).toBe("running");
});

test("switching to the running system changes no unit", async () => {
  const names = ["lab-app-1.service", "lab-app-5.service", "chimera-sentinel.service", "run-rule.mount"];
  const before = await units(...names);
  const { code, lines } = await on.switchTo("a", "test");
  expect(code).toBe(0);
  // X-StopOnReconfiguration: its target is stopped and started at every switch.
  expect(lines.filter((line) => /units|failed/.test(line))).toEqual([
    "the following new units were started: rule-of-target.service",
  ]);
  expect(await units(...names)).toEqual(before);
});

test("changed units are stopped, started, restarted, reloaded or left alone by their rules", async () => {
  await on.sh("systemctl start rule-template@x.service rule-manual.service; rm -f /run/rule-reloaded");
  const same = ["lab-app-3", "lab-app-4", "chimera-sentinel", "rule-description", "rule-reload", "rule-kept"];
  const skipped = ["rule-reload-trigger", "rule-refuse-stop", "rule-manual"];
  const untouched = [...same, ...skipped].map((name) => `${name}.service`);
  const before = await units(...untouched);
  const changed = ["lab-app-1", "rule-no-stop", "rule-restart-trigger", "rule-template@x"];
  const old = await units(...changed.map((name) => `${name}.service`));
  const { code, lines } = await on.switchTo("b", "test");
  expect(code).toBe(0);
  expect(lines).toEqual(
    expect.arrayContaining([
      "stopping the following units: lab-app-1.service, lab-app-2.service, lab-app-5.service, " +
        "rule-removed.service, rule-restart-trigger.service, rule-template@x.service",
      "NOT restarting the following changed units: chimera-recover.service, lab-app-4.service, rule-manual.service, rule-refuse-stop.service",
      "activating the configuration...",
      "setting up /etc...",
      "restarting sysinit-reactivation.target",
      "reloading the following units: rule-reload-trigger.service, rule-reload.service, run-rule.mount",
      "restarting the following units: rule-no-stop.service",
      "starting the following units: lab-app-1.service, lab-app-2.service, lab-app-5.service, " +
        "rule-restart-trigger.service, rule-template@x.service",
    ]),
  );
  expect(lines.find((line) => line.startsWith("the following new units were started"))).toContain(
    "rule-new.service",
  );
  expect(await units(...untouched)).toEqual(before);
  const now = await units(...Object.keys(old));
  expect(Object.keys(old).filter((name) => now[name] === old[name])).toEqual([]);
  expect(
    await on.sh("ls /run/rule-reloaded; systemctl is-active rule-removed rule-kept rule-of-target"),
  ).toBe("/run/rule-reloaded\ninactive\nactive\nactive");
  expect(await on.sh("findmnt -no OPTIONS /run/rule")).toContain("size=2048k");
  expect(await on.sh("ls /run/nixos")).toBe("switch-to-configuration.lock");
});

test("a socket-activated service is stopped with its socket, and the socket alone comes back", async () => {
  await on.sh("systemctl start rule-socket.service");
  const { lines } = await on.switchTo("b", "test");
  expect(lines.find((line) => line.startsWith("stopping"))).toContain(
    "rule-socket.service, rule-socket.socket",
  );
  expect(await on.sh("systemctl is-active rule-socket.service rule-socket.socket")).toBe("inactive\nactive");
});

test("/etc follows: stale entries go, user files stay, a changed copy is mended, a directory in the way is named", async () => {
  await on.sh(
    "echo mine > /etc/lab/mine; echo x >> /etc/lab/owned-by-name; mkdir -p /etc/lab/only-b; touch /etc/lab/only-b/mine",
  );
  const { code, lines } = await on.switchTo("b", "test");
  expect(code).toBe(0);
  expect(lines).toContain("warning: /etc/lab/only-b directory contains user files. Symlinking may fail.");
  expect(await on.sh("ls /etc/lab")).toBe("copied-b\ndirect-b\nmine\nonly-b\nowned-by-name\nrevision");
  expect(await on.sh("cat /etc/lab/owned-by-name /etc/lab/revision")).toBe("for root and group adm only\nb");
  expect(await on.sh("cat /etc/.clean")).toMatch(/^lab\/copied-b\nlab\/direct-b\n/);
  await on.sh("rm -r /etc/lab/mine /etc/lab/only-b");
});

test("a service that was stopped by hand comes back with its target", async () => {
  await on.sh("systemctl stop lab-app-3");
  await on.switchTo("b", "test");
  expect(await on.sh("systemctl is-active lab-app-3")).toBe("active");
});

test("dry-activate says what would happen and changes nothing", async () => {
  const before = await units("lab-app-1.service", "rule-reload.service");
  const { code, lines } = await on.switchTo("b", "dry-activate");
  expect(code).toBe(0);
  expect(lines.map((line) => line.replace(/:.*/, ""))).toEqual([
    "would stop the following units",
    "would NOT stop the following changed units",
    "would activate the configuration...",
    expect.stringContaining("would set up /etc"),
    "would reload the following units",
    "would restart the following units",
    "would start the following units",
  ]);
  expect(await units("lab-app-1.service", "rule-reload.service")).toEqual(before);
  expect(await on.current()).toBe(on.systems["a"]);
});

test("boot writes the boot default from the profile and activates nothing; test leaves the default alone", async () => {
  await on.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--set", on.systems["b"] ?? "");
  expect((await on.switchTo("b", "test")).code).toBe(0);
  expect(await on.bootDefault()).toBe(on.systems["a"]);
  await on.switchTo("a", "test");
  expect((await on.switchTo("b", "boot")).code).toBe(0);
  expect([await on.bootDefault(), await on.current()]).toEqual([on.systems["b"], on.systems["a"]]);
  expect(await on.sh("ls /boot/loader/entries")).toBe("nixos-generation-1.conf\nnixos-generation-2.conf");
  expect(await on.sh("cat /boot/loader/loader.conf")).toContain("default nixos-generation-2.conf");
  await on.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--set", on.systems["a"] ?? "");
  expect((await on.switchTo("a", "switch")).code).toBe(0);
  expect(await on.bootDefault()).toBe(on.systems["a"]);
});

test("a bootloader that cannot be installed is exit 1 before anything is touched", async () => {
  const before = await units("lab-app-1.service");
  await on.sh("mv /nix/var/nix/profiles/system /nix/var/nix/profiles/away");
  const { code, lines } = await on.switchTo("b", "switch");
  await on.sh("mv /nix/var/nix/profiles/away /nix/var/nix/profiles/system");
  expect({ code, last: lines.at(-1) }).toEqual({ code: 1, last: "Failed to install bootloader" });
  expect([await on.current(), await units("lab-app-1.service")]).toEqual([on.systems["a"], before]);
});

test("while the lock is held every action ends with 11", async () => {
  await on.sh("systemd-run --unit=holder flock /run/nixos/switch-to-configuration.lock sleep infinity");
  const isHeld = async (): Promise<boolean> => (await on.switchTo("a", "check")).code === 11;
  await waitUntil("the lock held", isHeld, { timeoutMs: 10_000, everyMs: 50 });
  for (const action of ["switch", "boot", "test", "dry-activate"]) {
    const { code, lines } = await on.switchTo("b", action);
    expect({ code, lines }).toEqual({ code: 11, lines: ["Could not acquire lock"] });
  }
  await on.sh("systemctl stop holder");
  expect(await on.current()).toBe(on.systems["a"]);
});

test("a wrong action and a caller who is not root are exit 1", async () => {
  expect((await on.switchTo("a", "rollback")).code).toBe(1);
  const program = `${on.systems["a"]}/bin/switch-to-configuration`;
  expect((await on.run("setpriv", "--reuid=65534", "--clear-groups", program, "check")).code).toBe(1);
});

test("inhibitors refuse test, switch and check, but not boot, and NIXOS_NO_CHECK overrides them", async () => {
  await on.switchTo("inhibitor", "test");
  for (const action of ["test", "switch", "check", "dry-activate"]) {
    const { code, lines } = await on.switchTo("inhibited", action);
    expect({ action, code, lines }).toMatchObject({ action, code: 1 });
    expect(lines).toContain("dbus-implementation : dbus -> broker");
  }
  expect(await on.current()).toBe(on.systems["inhibitor"]);
  expect((await on.switchTo("inhibited", "boot")).code).toBe(0);
  expect((await on.switchTo("inhibited", "test", { NIXOS_NO_CHECK: "1" })).code).toBe(0);
  expect(await on.current()).toBe(on.systems["inhibited"]);
});
