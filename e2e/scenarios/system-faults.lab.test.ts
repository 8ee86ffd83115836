// Faulty systems on a real host: each ends as its name says, and going back mends it. What the sentinel survives.
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startSwitchHost, type SwitchHost } from "../fixtures/switch-host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let on: SwitchHost;
const seconds = (n: number): { timeoutMs: number; everyMs: number } => ({ timeoutMs: n * 1000, everyMs: 50 });

beforeAll(async () => {
  on = await startSwitchHost();
});
afterAll(() => on?.end());
afterEach(async () => {
  const { code, lines } = await on.switchTo("a", "test");
  if (code !== 0) throw new Error(`going back to a: exit ${code}\n${lines.join("\n")}`);
  if ((await on.sh("systemctl is-system-running")) !== "running")
    throw new Error(await on.sh("systemctl --failed"));
});

const agentPid = (): Promise<string> => on.sh("cat /run/chimera/agent.pid");
const agentIsUp = async (): Promise<boolean> =>
  (await on.sh('kill -0 "$(cat /run/chimera/agent.pid)" && echo up')) === "up";

function reaches(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

test("exit1: the pre-switch check refuses and nothing is touched", async () => {
  const before = await on.unit("lab-app-1.service");
  const { code, lines } = await on.switchTo("exit1", "test");
  expect({ code, last: lines.at(-1) }).toEqual({ code: 1, last: "Pre-switch checks failed" });
  expect([await on.current(), await on.unit("lab-app-1.service")]).toEqual([on.systems["a"], before]);
});

test("exit2: an activation snippet fails, the rest is done", async () => {
  const { code, lines } = await on.switchTo("exit2", "test");
  expect(code).toBe(2);
  expect(lines).toContain("Activation script snippet 'lab' failed (1)");
  expect(lines.at(-1)).toBe(`switching to system configuration ${on.systems["exit2"]} failed (status 2)`);
  expect(await on.current()).toBe(on.systems["exit2"]);
  expect(await on.sh("cat /etc/lab/revision; systemctl is-active rule-new")).toBe("b\nactive");
});

test("exit4: a unit that fails to start is named, and the system is active", async () => {
  const { code, lines } = await on.switchTo("exit4", "test");
  expect(code).toBe(4);
  expect(lines).toContain("warning: the following units failed: lab-fault.service");
  expect(await on.current()).toBe(on.systems["exit4"]);
});

test("exit100: another init interface is not activated; switch has written the boot default by then", async () => {
  expect((await on.switchTo("exit100", "test")).code).toBe(100);
  expect(await on.bootDefault()).toBe(on.systems["a"]);
  const set = (name: string): Promise<unknown> =>
    on.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--set", on.systems[name] ?? "");
  await set("exit100");
  expect((await on.switchTo("exit100", "switch")).code).toBe(100);
  expect([await on.bootDefault(), await on.current()]).toEqual([on.systems["exit100"], on.systems["a"]]);
  await set("a");
  expect((await on.switchTo("a", "boot")).code).toBe(0);
});

test("hang: the killed switch leaves its lists, and the next switch does what is owed", async () => {
  const unit =
    "--unit=switch -p RuntimeMaxSec=3 -p TimeoutStopSec=1 -p KillMode=mixed -p CollectMode=inactive-or-failed";
  await on.sh(`systemd-run --wait --quiet ${unit} ${on.systems["hang"]}/bin/switch-to-configuration test`);
  expect(await on.sh("cat /run/nixos/start-list")).toContain("lab-app-1.service");
  expect(await on.sh("systemctl is-active lab-app-1")).toBe("inactive");
  expect(await on.current()).toBe(on.systems["a"]);
  const { lines } = await on.switchTo("a", "test");
  expect(lines.find((line) => line.startsWith("starting the following units"))).toContain(
    "lab-app-1.service",
  );
  expect(await on.sh("systemctl is-active lab-app-1; ls /run/nixos")).toBe(
    "active\nswitch-to-configuration.lock",
  );
});

test("fail-unit: the switch ends well, the unit fails a moment later", async () => {
  expect((await on.switchTo("fail-unit", "test")).code).toBe(0);
  const failed = async (): Promise<boolean> => (await on.sh("systemctl is-failed lab-fault")) === "failed";
  await waitUntil("lab-fault failed", failed, seconds(10));
});

test("cut-network: nobody reaches the host until it goes back", async () => {
  expect(await reaches(on.host.address)).toBe(true);
  expect((await on.switchTo("cut-network", "test")).code).toBe(0);
  expect(await reaches(on.host.address)).toBe(false);
  await on.switchTo("a", "test");
  expect(await reaches(on.host.address)).toBe(true);
});

test("fill-disk: a small disk is full until the host goes back", async () => {
  await on.sh("mkdir -p /run/small; mount -t tmpfs -o size=8m none /run/small");
  expect((await on.switchTo("fill-disk", "test")).code).toBe(0);
  expect(await on.sh("stat -f -c %a /run/small")).toBe("0");
  await on.switchTo("a", "test");
  expect(await on.sh("ls /run/small; umount /run/small")).toBe("");
});

test("kill-agent: the switch goes on without the agent, and the supervisor starts another", async () => {
  await waitUntil("the agent up", agentIsUp, seconds(10));
  const [pid, sentinel] = [await agentPid(), await on.unit("chimera-sentinel.service")];
  const { code, lines } = await on.switchTo("kill-agent", "test");
  expect({ code, lines }).toMatchObject({ code: 0 });
  expect(lines).toContain(`lab fault: killing the agent (${pid})`);
  await waitUntil(
    "another agent up",
    async () => (await agentIsUp()) && (await agentPid()) !== pid,
    seconds(15),
  );
  expect(await on.unit("chimera-sentinel.service")).toBe(sentinel);
});

test("a switch leaves the agent alone; when it ends the agent of the active system takes its place", async () => {
  const command = (): Promise<string> => on.sh("tr '\\0' ' ' < /proc/$(cat /run/chimera/agent.pid)/cmdline");
  await waitUntil("the agent of a", async () => (await command()).includes("chimera-1.0-"), seconds(40));
  const pid = await agentPid();
  await on.switchTo("b", "test");
  expect(await agentPid()).toBe(pid);
  await on.sh(`kill ${pid}`);
  await waitUntil("the agent of b", async () => (await command()).includes("chimera-1.0-b"), seconds(40));
});

test("units that had failed before a switch are reset by it", async () => {
  await on.sh("systemd-run --unit=broken false");
  await waitUntil(
    "broken failed",
    async () => (await on.sh("systemctl is-failed broken")) === "failed",
    seconds(10),
  );
  expect((await on.switchTo("b", "test")).code).toBe(0);
  expect(await on.sh("systemctl --failed --no-legend")).toBe("");
});

test("another manager configuration re-executes systemd, and the sentinel lives on", async () => {
  const sentinel = await on.unit("chimera-sentinel.service");
  const { code, lines } = await on.switchTo("manager", "test");
  expect(code).toBe(0);
  expect(lines).toContain("restarting systemd...");
  expect(await on.sh("systemctl show -P DefaultTimeoutStopUSec")).toBe("21s");
  expect(await on.unit("chimera-sentinel.service")).toBe(sentinel);
});

test("the agent comes back when its window, its session or the tmux server goes", async () => {
  const tmux = "tmux -N -S /run/chimera/tmux.sock";
  for (const blow of [
    `${tmux} kill-window -t =sentinel:0`,
    `${tmux} kill-session -t =sentinel`,
    "kill -KILL $(systemctl show -P MainPID chimera-sentinel)",
  ]) {
    await waitUntil("the agent up", agentIsUp, seconds(20));
    const pid = await agentPid();
    await on.sh(blow);
    await waitUntil(
      `another agent after ${blow}`,
      async () => (await agentIsUp()) && (await agentPid()) !== pid,
      seconds(20),
    );
    expect(await on.sh(`pgrep -fc '[a]gent.mjs'`)).toBe("1");
  }
  expect(await on.sh(`${tmux} list-panes -t =sentinel -F '#{window_name} #{pane_input_off}'`)).toBe(
    "agent 1",
  );
});

test("the watchdog ends an agent that stands still, and then restarts the sentinel", async () => {
  await waitUntil("the agent up", agentIsUp, seconds(20));
  const watchdog = await on.sh(
    "systemctl show -P ExecStart chimera-watchdog | sed 's/.*path=\\([^ ]*\\).*/\\1/'",
  );
  const check = (): Promise<string> => on.sh(`CHIMERA_WATCHDOG_SECONDS=2 ${watchdog} 2>&1`);
  const pid = await agentPid();
  await on.sh(`systemctl stop chimera-watchdog.timer; kill -STOP ${pid}`);
  await waitUntil("the agent ended", async () => (await check()).includes("ending the agent"), seconds(10));
  await waitUntil(
    "another agent",
    async () => (await agentIsUp()) && (await agentPid()) !== pid,
    seconds(20),
  );
  // A new agent that stands still from its first moment.
  await on.sh(
    "kill -STOP $(cat /run/chimera/agent.pid); rm /run/chimera/watchdog; touch /run/chimera/progress",
  );
  await waitUntil("the agent ended", async () => (await check()).includes("ending the agent"), seconds(10));
  const sentinel = await on.unit("chimera-sentinel.service");
  await on.sh("systemctl kill --signal=STOP chimera-sentinel");
  await waitUntil(
    "the sentinel restarted",
    async () => (await check()).includes("restarting the sentinel"),
    seconds(40),
  );
  await waitUntil("another agent", agentIsUp, seconds(20));
  expect(await on.unit("chimera-sentinel.service")).not.toBe(sentinel);
});

test("a power cut before commit lands in the previous system", async () => {
  expect((await on.switchTo("b", "test")).code).toBe(0);
  await on.host.powerCut();
  await on.host.boot();
  expect(await on.current()).toBe(on.systems["a"]);
  expect(await on.sh("cat /etc/lab/revision; ls /etc/lab/only-b 2>&1 | wc -w")).toMatch(/^a\n/);
  expect(await on.sh("readlink /etc/lab/only-b")).toBe("");
});
