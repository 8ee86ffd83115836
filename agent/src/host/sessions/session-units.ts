/** SHELL. The unit in which a session's command runs: it keeps running whatever becomes of the agent, and its exit code until that was read. */
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { SessionStart } from "../../sessions/sessions.ts";
import { attempt } from "../errno-outcome.ts";
import { toolEnvironment } from "../run.ts";
import type { TransientUnit, UnitProperty } from "../systemd/transient-units.ts";

export function sessionUnit(name: SessionName): string {
  return `chimera-session-${name}.service`;
}

/** What is ended by a time limit, or leaves something behind, has so long before it is killed. */
export const graceMs = 10_000;

/** Where it writes: a file, or a terminal that somebody else holds. */
export type Outlet = { kind: "log"; file: string } | { kind: "terminal"; tty: string };

/** Throws command-missing and input-invalid. */
export function makeUnit(start: SessionStart, outlet: Outlet): TransientUnit {
  const { PATH = "", LANG = "" } = toolEnvironment();
  const term: Record<string, string> = outlet.kind === "terminal" ? { TERM: "screen-256color" } : {};
  const environment = { PATH, LANG, ...term, ...start.env };
  const words = [...start.argv, start.cwd ?? "", start.user ?? "", ...Object.entries(environment).flat()];
  if (words.some((word) => word.includes("\0")))
    throw new ChimeraError("input-invalid", `session ${start.name}: a word of its command has a zero byte`);
  return {
    name: sessionUnit(start.name),
    // Nothing from outside: systemd writes it into a file of lines.
    description: `Chimera session ${start.name}`,
    program: findProgram(start, environment.PATH),
    argv: start.argv,
    environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    properties: [...common(start), ...outletProperties(outlet)],
  };
}

function common({ cwd = "/", user, timeoutMs }: SessionStart): UnitProperty[] {
  const limited: UnitProperty[] =
    timeoutMs === undefined
      ? []
      : [{ name: "RuntimeMaxUSec", kind: "microseconds", value: timeoutMs * 1000 }];
  const owned: UnitProperty[] = user === undefined ? [] : [{ name: "User", kind: "text", value: user }];
  return [
    { name: "RemainAfterExit", kind: "flag", value: true },
    { name: "KillMode", kind: "text", value: "mixed" },
    { name: "TimeoutStopUSec", kind: "microseconds", value: graceMs * 1000 },
    // As in a shell: who writes into a pipe that nobody reads ends by that.
    { name: "IgnoreSIGPIPE", kind: "flag", value: false },
    { name: "WorkingDirectory", kind: "text", value: cwd },
    ...limited,
    ...owned,
  ];
}

function outletProperties(outlet: Outlet): UnitProperty[] {
  const error: UnitProperty = { name: "StandardError", kind: "text", value: "inherit" };
  if (outlet.kind === "log")
    return [{ name: "StandardOutputFileToAppend", kind: "text", value: outlet.file }, error];
  return [
    { name: "TTYPath", kind: "text", value: outlet.tty },
    // Whoever holds the terminal open has it as its own until then.
    { name: "StandardInput", kind: "text", value: "tty-force" },
    { name: "StandardOutput", kind: "text", value: "tty" },
    error,
  ];
}

/** Here, since systemd would look in folders of its own, and say so only in a code that may be the command's. */
function findProgram({ name, argv, cwd = "/" }: SessionStart, path: string): string {
  const [program = ""] = argv;
  const places = program.includes("/")
    ? [resolve(cwd, program)]
    : path
        .split(":")
        .filter((folder) => isAbsolute(folder))
        .map((folder) => `${folder}/${program}`);
  const found = program === "" ? undefined : places.find(isProgram);
  if (found !== undefined) return found;
  throw new ChimeraError(
    "command-missing",
    `session ${name}: there is no program ${program.slice(0, 200)} on this node`,
  );
}

function isProgram(path: string): boolean {
  const looked = attempt(() => {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  });
  return looked.kind === "done" && looked.value;
}
