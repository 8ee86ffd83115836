/** SHELL. Tests only: the real supervisor with its folders and its clock moved, and agents that are small shell scripts. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { waitUntil } from "../../e2e/lab/wait-until.ts";

const script = readFileSync(resolve(import.meta.dirname, "../sentinel/supervisor.sh"), "utf8");

/** Where a system lies below the fixture's folder. */
export const systems = { active: "run/current-system", previous: "nix/var/nix/gcroots/chimera/previous" };

export interface SupervisorFixture {
  folder: string;
  /** Writes an executable file; answers its path. */
  put: (name: string, text: string) => string;
  /** Empty where there is no such file. */
  read: (name: string) => string;
  /** An agent that writes down that it ran, and how, before it does what `body` says. */
  agent: (place: "active" | "previous" | "recorded", body: string) => void;
  /** A line of shell that lets time pass, as the supervisor sees it. */
  lasts: (seconds: number) => string;
  /** For each run: which agent, its configuration, and for whom it stands in. */
  ran: () => string[];
  runsOf: (place: string) => number;
  said: () => string;
  start: () => void;
  until: (what: string, condition: () => boolean) => Promise<unknown>;
  end: () => Promise<void>;
}

export function createSupervisorFixture(shell: string): SupervisorFixture {
  const folder = mkdtempSync(join(tmpdir(), "chimera-supervisor-"));
  const { put, read } = filesIn(folder);
  const supervisor = put("supervisor", moveInto(folder, script.replace("/bin/sh", shell)));
  for (const name of ["run/chimera", "var/lib/chimera"]) mkdirSync(join(folder, name), { recursive: true });
  // It does not last, so that 30 s of backoff do not either.
  put("bin/sleep", `#!/bin/sh\necho "slept $1" >> ${join(folder, "sleeps")}\nexec /bin/sleep 0.01\n`);
  put("bin/logger", "#!/bin/sh\n");
  put("etc/chimera/agent.json", "shared\n");
  put("uptime", "1000\n");
  const { end, ...running } = runIn(supervisor, join(folder, "bin"));
  const ran = (): string[] => read("ran").split("\n").filter(Boolean);
  return {
    folder,
    put,
    read,
    agent(place, body) {
      const note = `echo "${place} $3 \${CHIMERA_STANDS_IN-}" >> ${join(folder, "ran")}`;
      const text = `#!/bin/sh\n${note}\n${body}\n`;
      if (place === "recorded")
        put("var/lib/chimera/agent-path", `${put("nix/recorded/chimera-agent", text)}\n`);
      else put(`${systems[place]}/sw/bin/chimera-agent`, text);
    },
    lasts(seconds) {
      const uptime = join(folder, "uptime");
      return `read up < ${uptime}; echo $((up + ${seconds})) > ${uptime}`;
    },
    ran,
    runsOf: (place) => ran().filter((line) => line.startsWith(place)).length,
    ...running,
    until: (what, condition) =>
      waitUntil(`${what}; it said ${running.said()}; ran ${ran().join(", ")}`, async () => condition(), {
        timeoutMs: 10_000,
        everyMs: 20,
      }),
    async end() {
      await end();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

function moveInto(folder: string, text: string): string {
  return text
    .replaceAll(/=(\/(?:run|etc|var|nix)\/)/g, `=${folder}$1`)
    .replaceAll("/proc/uptime", join(folder, "uptime"));
}

function filesIn(folder: string): Pick<SupervisorFixture, "put" | "read"> {
  return {
    put(name, text) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { mode: 0o755 });
      return file;
    },
    read: (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : ""),
  };
}

function runIn(file: string, bin: string): Pick<SupervisorFixture, "start" | "said" | "end"> {
  let child: ChildProcess | undefined;
  let text = "";
  return {
    start() {
      const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}` };
      child = spawn(file, { env, stdio: ["ignore", "pipe", "pipe"] });
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding("utf8").on("data", (more: string) => (text += more));
    },
    said: () => text,
    async end() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
