/** For tests: a tmux server of their own, with sessions in it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface TmuxFixture {
  socket: string;
  folder: string;
  /** tmux's own id of the new session. */
  open: (name: string, script: string, size?: { columns: number; rows: number }) => string;
  tmux: (...args: string[]) => string;
  killServer: () => void;
  dispose: () => Promise<void>;
}

export function createTmuxFixture(): TmuxFixture {
  const folder = mkdtempSync(join(tmpdir(), "chimera-tmux-"));
  const socket = join(folder, "tmux.sock");
  const tmux = (...args: string[]): string =>
    execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  const pid = (): number | null => {
    try {
      return Number(tmux("-N", "display-message", "-p", "#{pid}"));
    } catch {
      return null;
    }
  };
  return {
    socket,
    folder,
    tmux,
    open(name, script, { columns, rows } = { columns: 80, rows: 24 }) {
      tmux("new-session", "-d", "-s", name, "-x", `${columns}`, "-y", `${rows}`, "sh", "-c", script);
      return tmux("-N", "display-message", "-p", "-t", `=${name}:`, "#{session_id}");
    },
    killServer() {
      const server = pid();
      if (server !== null) process.kill(server, "SIGKILL");
    },
    async dispose() {
      const server = pid();
      if (server !== null) process.kill(server, "SIGTERM");
      await sleep(50);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
