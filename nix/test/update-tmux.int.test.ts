/** The real scripts and a real tmux; only systemd is a stand-in, which writes down what it was asked. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toolCommand } from "../../e2e/lab/tools/tool-command.ts";
import { waitUntil } from "../../e2e/lab/wait-until.ts";

const sentinel = resolve(import.meta.dirname, "../sentinel");
let folder: string;
let server: { pid: number; ended: Promise<unknown> };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "chimera-tmux-"));
  for (const name of ["run", "etc", "bin"]) mkdirSync(join(folder, name));
  for (const name of ["watchdog", "update-tmux", "wake"]) script(name, readScript(name));
  // What MainPID's program is, is asked of the real process.
  script(
    "bin/systemctl",
    `#!/bin/sh\necho "$*" >> ${join(folder, "asked")}\ncase $1 in show) cat ${join(folder, "main-pid")} ;; esac\n`,
  );
  for (const name of ["old", "new"])
    script(
      name,
      `#!/bin/sh\necho ${name} >> ${join(folder, "used")}\nexec ${toolCommand("tmux").join(" ")} "$@"\n`,
    );
  write("etc/tmux.conf", "new-session -d -s sentinel -x 80 -y 20 'exec sleep 600'\n");
  write("etc/agent-window.conf", "set-option -g status-right x\n");
  unitNames("old");
  agentRests();
  await startServer();
});
afterEach(async () => {
  process.kill(server.pid, "SIGKILL");
  await server.ended;
  rmSync(folder, { recursive: true });
});

const tmux = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const script = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o755 });
const read = (name: string): string =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
const unitNames = (name: string): void =>
  write(
    "sentinel.service",
    `[Unit]\nX=1\n\n[Service]\nExecStartPre=-${tmux(name)} -N\nExecStart=${tmux(name)} -D -S x\n`,
  );
const agentRests = (): void => {
  write("run/agent.pid", `${process.pid}\n`);
  write("run/at-rest", `${process.pid}\n`);
};
const restarts = (): number => read("asked").split("restart chimera-sentinel.service").length - 1;

function readScript(name: string): string {
  return readFileSync(join(sentinel, `${name}.sh`), "utf8")
    .replaceAll("/etc/systemd/system/chimera-sentinel.service", join(folder, "sentinel.service"))
    .replaceAll("/run/chimera", join(folder, "run"))
    .replaceAll("/etc/chimera", join(folder, "etc"));
}

/** As the unit does it: tmux in the foreground, and wake.sh. */
async function startServer(): Promise<void> {
  const socket = join(folder, "run/tmux.sock");
  const args = ["-D", "-S", socket, "-f", join(folder, "etc/tmux.conf")];
  const child = spawn(tmux("old"), args, { env: { ...process.env, TERM: "xterm" }, stdio: "ignore" });
  server = { pid: child.pid ?? 0, ended: once(child, "exit") };
  await waitUntil("the socket", async () => existsSync(socket), { timeoutMs: 5000, everyMs: 20 });
  await execa(join(folder, "wake"), [tmux("old")]);
  write("main-pid", `${server.pid}\n`);
}

/** Answers what it printed. */
async function look(): Promise<string> {
  const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}` };
  write("run/progress", `${performance.now()}\n`);
  return (await execa(join(folder, "watchdog"), [join(folder, "update-tmux")], { env })).stdout;
}

function ask(...args: string[]): Promise<unknown> {
  return execa(tmux("old"), ["-N", "-S", join(folder, "run/tmux.sock"), ...args]);
}

test("while the tmux that runs is the unit's, nothing is asked and no program is started", async () => {
  write("bin/never", "");
  const before = read("used");
  expect(await look()).toBe("");
  expect([read("asked"), read("used")]).toEqual(["", before]);
});

test("a unit that is gone, empty or without a program is no reason to restart anything", async () => {
  for (const text of ["", "[Service]\nExecStop=/bin/x\n", "ExecStart=\n"]) {
    write("sentinel.service", text);
    expect(await look()).toBe("");
  }
  rmSync(join(folder, "sentinel.service"));
  expect(await look()).toBe("");
  expect(read("asked")).toBe("");
});

test("another tmux in the unit restarts the sentinel of a node at rest", async () => {
  unitNames("new");
  expect(await look()).toContain(`restarting the sentinel with the active system's tmux, ${tmux("new")}`);
  expect(restarts()).toBe(1);
});

test.each([
  ["a tmux that cannot be started", "#!/nowhere/sh\n"],
  ["a tmux that ends at once", "#!/bin/sh\nexit 0\n"],
  ["a tmux that hangs", "#!/bin/sh\nexec sleep 60\n"],
  ["a tmux that does not understand its configuration", undefined],
])("%s is not taken, and that is said once", { timeout: 40_000 }, async (_, text) => {
  unitNames("new");
  if (text === undefined) write("etc/agent-window.conf", "no-such-command\n");
  else script("new", text);
  expect(await look()).toContain("it does not work here");
  expect(await look()).toBe("");
  expect(restarts()).toBe(0);
  await ask("has-session", "-t", "=sentinel");
});

test("an agent at work is not disturbed; neither does a killed one's file count", async () => {
  unitNames("new");
  rmSync(join(folder, "run/at-rest"));
  expect(await look()).toContain("the agent is at work");
  write("run/at-rest", `${process.pid + 1}\n`);
  expect(await look()).toBe("");
  const gone = (await execa("sh", ["-c", "echo $$"])).stdout;
  write("run/at-rest", `${gone}\n`);
  write("run/agent.pid", `${gone}\n`);
  expect(await look()).toBe("");
  expect(restarts()).toBe(0);
  agentRests();
  expect(await look()).toContain("restarting the sentinel");
});

test("open sessions are not closed, and when they end the sentinel is restarted", async () => {
  unitNames("new");
  await ask("new-session", "-d", "-s", "work", "exec sleep 600");
  expect(await look()).toContain("other sessions are open");
  expect(await look()).toBe("");
  await ask("kill-session", "-t", "=work");
  expect(await look()).toContain("restarting the sentinel");
});

test("a server that does not answer is left to those who look after it", { timeout: 20_000 }, async () => {
  unitNames("new");
  process.kill(server.pid, "SIGSTOP");
  expect(await look()).toContain("the tmux server does not answer");
  process.kill(server.pid, "SIGCONT");
  expect(restarts()).toBe(0);
});

test("the old tmux may be gone from the disk", async () => {
  unitNames("new");
  rmSync(tmux("old"));
  expect(await look()).toContain("restarting the sentinel");
});

test("a sentinel that never wrote down its tmux is asked what it runs", async () => {
  rmSync(join(folder, "run/sentinel-tmux"));
  const program = (await execa("readlink", [`/proc/${server.pid}/exe`])).stdout;
  write("sentinel.service", `ExecStart=${program} -D\n`);
  expect(await look()).toBe("");
  expect(read("run/sentinel-tmux")).toBe(`${program}\n`);
  unitNames("new");
  expect(await look()).toContain("restarting the sentinel");
});

test("an agent that makes no progress comes first", async () => {
  unitNames("new");
  await look();
  const asked = read("asked");
  const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}` };
  const { stdout } = await execa(join(folder, "watchdog"), [join(folder, "update-tmux")], { env });
  expect([stdout, read("asked")]).toEqual(["", asked]);
});
