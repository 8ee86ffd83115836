/** For tests: a real systemd of their own, as one user's manager. Needs root, as the agent does. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface SystemdFixture {
  /** Its private socket. */
  socket: string;
  folder: string;
  /** Its own tool, as somebody at the machine would use it. */
  systemctl: (...args: string[]) => void;
  dispose: () => Promise<void>;
}

const programs = [
  "/usr/lib/systemd/systemd",
  "/lib/systemd/systemd",
  "/run/current-system/systemd/lib/systemd/systemd",
];
const target = "[Unit]\nDescription=nothing else\nDefaultDependencies=no\n";

export async function startSystemd(): Promise<SystemdFixture> {
  const program = programs.find((path) => existsSync(path));
  if (program === undefined) throw new Error("these tests need systemd on this machine");
  const folder = mkdtempSync(join(tmpdir(), "chimera-systemd-"));
  const units = join(folder, "units");
  mkdirSync(units);
  for (const name of ["default", "basic", "shutdown", "exit"])
    writeFileSync(join(units, `${name}.target`), target);
  const child = spawn(program, ["--user", "--log-target=null"], {
    env: { XDG_RUNTIME_DIR: folder, SYSTEMD_UNIT_PATH: units, PATH: process.env["PATH"], HOME: folder },
    stdio: "ignore",
  });
  const socket = join(folder, "systemd/private");
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (tries > 200) throw new Error("systemd did not open its socket within 10 s");
    await sleep(50);
  }
  return {
    socket,
    folder,
    systemctl(...args) {
      execFileSync("systemctl", ["--user", ...args], { env: { ...process.env, XDG_RUNTIME_DIR: folder } });
    },
    async dispose() {
      const gone = once(child, "exit");
      // What it runs would outlive it.
      execFileSync("systemctl", ["--user", "kill", "--signal=SIGKILL", "chimera-*"], {
        env: { ...process.env, XDG_RUNTIME_DIR: folder },
      });
      child.kill("SIGKILL");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
