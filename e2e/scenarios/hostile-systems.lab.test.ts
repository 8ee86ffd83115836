// Systems that break what would undo them: the agent, its tmux, Nix, the disks, the boot. Each ends when the host goes back.
import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startSwitchHost, type SwitchHost } from "../fixtures/switch-host.ts";
import { waitRebooted } from "../lab/host/wait-rebooted.ts";
import { waitUntil } from "../lab/wait-until.ts";

let on: SwitchHost;

beforeAll(async () => {
  on = await startSwitchHost();
});
afterAll(() => on?.end());
afterEach(async () => {
  const { code, lines } = await on.switchTo("a", "test");
  if (code !== 0) throw new Error(`going back to a: exit ${code}\n${lines.join("\n")}`);
  await until("the host runs well", async () => (await on.sh("systemctl is-system-running")) === "running");
});

const until = (what: string, condition: () => Promise<boolean>): Promise<unknown> =>
  waitUntil(what, condition, { timeoutMs: 60_000, everyMs: 100 });
const agentCommand = (): Promise<string> =>
  on.sh("tr '\\0' ' ' < /proc/$(cat /run/chimera/agent.pid)/cmdline");
const agentOf = (version: string) => async (): Promise<boolean> =>
  (await agentCommand()).includes(`chimera-${version}/lib/agent.mjs run`);
const mainPid = (): Promise<string> => on.sh("systemctl show -P MainPID chimera-sentinel");
const stateOf = (unit: string): Promise<string> => on.sh(`systemctl show -P ActiveState ${unit}`);
const standsIn = (place: string) => async (): Promise<boolean> =>
  (await on.sh("tr '\\0' '\\n' < /proc/$(cat /run/chimera/agent.pid)/environ")).includes(
    `CHIMERA_STANDS_IN=${place}`,
  );
const now = (): Promise<string> => on.sh("date '+%F %T'");

test("fork-daemon: the daemon that keeps the activation's output ends with its unit, and the switch ends well", async () => {
  const unit = "--unit=switch --service-type=exec -p KillMode=mixed -p CollectMode=inactive-or-failed";
  const program = `${on.systems["fork-daemon"]}/bin/switch-to-configuration`;
  expect((await on.run("sh", "-c", `systemd-run --wait --quiet ${unit} ${program} test`)).code).toBe(0);
  expect(await on.current()).toBe(on.systems["fork-daemon"]);
  const isGone = async (): Promise<boolean> =>
    (await on.run("sh", "-c", 'kill -0 "$(cat /run/lab-daemon.pid)"')).code === 1;
  await until("the daemon ended", isGone);
  expect(await on.sh("journalctl -u switch -o cat")).toContain("keeps the activation's output");
});

test("fail-late: the unit is active when the switch ends, and has failed 20 s later", async () => {
  expect((await on.switchTo("fail-late", "test")).code).toBe(0);
  expect(await stateOf("lab-fault")).toBe("active");
  await until("the unit failed", async () => (await stateOf("lab-fault")) === "failed");
});

test("flap: the unit is started again and again and is never failed", async () => {
  expect((await on.switchTo("flap", "test")).code).toBe(0);
  const restarts = async (): Promise<number> => Number(await on.sh("systemctl show -P NRestarts lab-fault"));
  await until("two restarts", async () => (await restarts()) >= 2);
  expect(await stateOf("lab-fault")).not.toBe("failed");
});

test("break-agent: the new system's agent ends at once, so the recorded one takes its place", async () => {
  await on.sh("readlink -f /run/current-system/sw/bin/chimera-agent > /var/lib/chimera/agent-path");
  await until("the agent of a", agentOf("1.0-a"));
  const pid = await on.sh("cat /run/chimera/agent.pid");
  const { code, lines } = await on.switchTo("break-agent", "test");
  expect({ code, lines }).toMatchObject({ code: 0 });
  expect(lines).toContain(`lab fault: killing the agent (${pid})`);
  expect((await on.run(`${on.systems["break-agent"]}/sw/bin/chimera-agent`, "check")).code).toBe(0);
  await until("the recorded agent", standsIn("recorded"));
  await until("it is at work", agentOf("1.0-a"));
});

test("break-agent: without a recorded agent the one of the previous system takes its place", async () => {
  const root = "/nix/var/nix/gcroots/chimera";
  await on.sh(
    `rm -f /var/lib/chimera/agent-path; mkdir -p ${root}; ln -sfn ${on.systems["a"]} ${root}/previous`,
  );
  expect((await on.switchTo("break-agent", "test")).code).toBe(0);
  await until("the previous system's agent", standsIn("previous"));
  await until("it is at work", agentOf("1.0-a"));
  await on.sh(`rm -r ${root}`);
});

test("break-tmux: there is no sentinel until the host goes back", async () => {
  await until("the sentinel", async () => (await stateOf("chimera-sentinel")) === "active");
  const { lines } = await on.switchTo("break-tmux", "test");
  expect(await on.current()).toBe(on.systems["break-tmux"]);
  expect(lines.join("\n")).not.toContain("Pre-switch checks failed");
  await until("the sentinel gone", async () => (await stateOf("chimera-sentinel")) !== "active");
  expect(await on.sh("tmux -N -S /run/chimera/tmux.sock has-session && echo there")).toBe("");
  await on.switchTo("a", "test");
  await until("the sentinel back", async () => (await stateOf("chimera-sentinel")) === "active");
  await until("the agent back", agentOf("1.0-a"));
});

test("break-nix: Nix cannot open its database until the host goes back", async () => {
  const valid = `nix-store --query --hash ${on.systems["a"]}`;
  expect((await on.run("sh", "-c", valid)).code).toBe(0);
  expect((await on.switchTo("break-nix", "test")).code).toBe(0);
  expect((await on.run("sh", "-c", valid)).code).not.toBe(0);
  await on.switchTo("a", "test");
  expect((await on.run("sh", "-c", valid)).code).toBe(0);
});

test("fill-activation: the activation itself fills a disk and fails, and going back empties it", async () => {
  await on.sh("mkdir -p /run/small; mount -t tmpfs -o size=8m none /run/small");
  const { code, lines } = await on.switchTo("fill-activation", "test");
  expect(code).toBe(2);
  expect(lines).toContain("lab fault: /run/small is full");
  expect(await on.sh("stat -f -c %a /run/small")).toBe("0");
  await on.switchTo("a", "test");
  expect(await on.sh("ls /run/small; umount /run/small")).toBe("");
});

test("fill-boot: no boot entry can be written, the machine's own file system is refused, going back makes room", async () => {
  expect((await on.switchTo("fill-boot", "test")).code).toBe(4);
  expect(await on.sh("ls /boot/lab-fill")).toBe("");
  await on.switchTo("a", "test");
  const small = "cp -a /boot /run/boot; mount -t tmpfs -o size=4m none /boot; cp -a /run/boot/. /boot";
  expect((await on.run("sh", "-euc", small)).code).toBe(0);
  expect((await on.switchTo("fill-boot", "test")).code).toBe(0);
  const full = await on.switchTo("b", "boot");
  expect({ code: full.code, text: full.lines.join("\n") }).toEqual({
    code: 1,
    text: expect.stringContaining("ENOSPC"),
  });
  await on.switchTo("a", "test");
  expect((await on.switchTo("a", "boot")).code).toBe(0);
  await on.sh("umount /boot; rm -r /run/boot");
});

test("another tmux in the new system is taken when the node is at rest, and its agent comes back", async () => {
  await until("the agent", agentOf("1.0-a"));
  const [pid, look] = [await mainPid(), "systemctl start chimera-watchdog.service"];
  // Before the switch: a look by the timer right after it says the reason, which is said only once.
  const since = await now();
  expect((await on.switchTo("next-tmux", "test")).code).toBe(0);
  expect(await mainPid()).toBe(pid);
  const looks = async (text: string) => {
    await on.sh(look);
    return (await on.sh(`journalctl -u chimera-watchdog --since '${since}' -o cat`)).includes(text);
  };
  await until("the watchdog's reason", () => looks("the agent is at work"));
  expect(await mainPid()).toBe(pid);
  await on.sh("cat /run/chimera/agent.pid > /run/chimera/at-rest");
  await until("the sentinel restarted", async () => {
    await on.sh(look);
    return (await mainPid()) !== pid;
  });
  expect(await on.sh(`readlink /proc/${await mainPid()}/exe`)).toMatch(/-tmux-next\/bin\/tmux$/);
  await until("an agent", agentOf("1.0-b"));
  await on.sh("rm /run/chimera/at-rest");
});

/** Makes a system a generation with a boot entry, and leaves profile and boot default as they were. Answers its id. */
async function addBootEntry(name: string): Promise<string> {
  const set = (system: string): Promise<unknown> =>
    on.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--set", on.systems[system] ?? "");
  await set(name);
  await set("a");
  expect((await on.switchTo("a", "boot")).code).toBe(0);
  const entry = await on.sh(`grep -l 'init=${on.systems[name]}/init' /boot/loader/entries/*.conf`);
  return entry.replace(/^.*\//, "");
}

async function bootOnce(entry: string): Promise<void> {
  await on.host.runChecked(["bootctl", "set-oneshot", entry]);
  await waitRebooted(on.host, () => on.run("systemctl", "reboot"));
}

test("an entry chosen for one boot is booted, with its own recovery, and a power cut returns to the default", async () => {
  await bootOnce(await addBootEntry("b"));
  expect([await on.current(), await on.sh("readlink /run/booted-system")]).toEqual([
    on.systems["b"],
    on.systems["b"],
  ]);
  expect(await on.sh("systemctl show -P Result chimera-recover.service")).toBe("success");
  expect([await on.bootDefault(), await on.sh("ls -d /boot/loader/oneshot")]).toEqual([on.systems["a"], ""]);
  await on.host.powerCut();
  await on.host.boot();
  expect(await on.current()).toBe(on.systems["a"]);
});

test("no-boot: it is tried once, and the next boot lands in the default", async () => {
  await bootOnce(await addBootEntry("no-boot"));
  await on.host.waitRunning();
  expect(await on.current()).toBe(on.systems["a"]);
  const console = await readFile(on.host.consoleLog(), "utf8");
  expect(console.split("lab fault: this system does not boot")).toHaveLength(2);
});

test("an entry that cannot be booted once does not keep the machine from booting", async () => {
  await on.sh("echo nixos-generation-999.conf > /boot/loader/oneshot");
  await waitRebooted(on.host, () => on.run("systemctl", "reboot"));
  expect(await on.current()).toBe(on.systems["a"]);
});
