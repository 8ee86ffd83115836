/** SHELL. From what was asked to a run that is claimed and may start: its environment made, its program found. */
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { Io } from "../../io.ts";
import { mergeVariables } from "../decide/dev-env.ts";
import { describe } from "../decide/environment.ts";
import { decideRun, type Decided } from "../env/decide-run.ts";
import { findProgram } from "../env/find-program.ts";
import type { Prepared } from "../env/prepared.ts";
import { prepareEnvironment } from "../env/prepare-environment.ts";
import { runId, type Asked, type Mode, type RunRecord } from "../record/run-record.ts";
import { nameFor, numbered } from "../record/session-name.ts";
import { identify } from "./processes.ts";
import { claimRun, pruneRuns, type Claim } from "./run-store.ts";
import type { Start } from "./start-run.ts";

export interface Wish {
  asked: Asked;
  mode: Mode;
  /** Null: one is made of what is run. */
  name: SessionName | null;
  refresh: boolean;
}

export interface Begun {
  id: string;
  folder: string;
  record: RunRecord;
  start: Start;
}

export async function beginRun(io: Io, { asked, mode, name, refresh }: Wish): Promise<Begun> {
  const decided = await decideRun(io, asked);
  const { environment, command, around } = decided;
  const { cwd, loose } = asked;
  const prepared = await prepareEnvironment(io, environment, { system: around.system, loose, refresh, cwd });
  const { program, argv, env, folder: startFolder } = findStart(io, { asked, mode, decided, prepared });
  pruneRuns(io);
  const claimed = await claimName(io, name, {
    v: 1,
    name: name ?? nameFor(asked.words[0] ?? ""),
    mode,
    asked,
    environment: {
      kind: environment.kind,
      text: describe(environment).slice(0, 8192),
      store: prepared.store,
    },
    command: [...command],
    createdAt: new Date(io.nowMs()).toISOString(),
    maker: identify("self"),
    started: null,
    ended: null,
  });
  const { id, folder, record } = claimed;
  const named = { ...env, CHIMERA_RUN: "1", CHIMERA_RUN_NAME: runId(record) };
  return { id, folder, record, start: { program, argv, env: named, cwd: startFolder } };
}

function findStart(
  io: Io,
  { asked, mode, decided, prepared }: { asked: Asked; mode: Mode; decided: Decided; prepared: Prepared },
): { program: string; argv: string[]; env: Record<string, string>; folder: string } {
  const argv = [...prepared.entry, ...decided.command];
  const env = mergeVariables(callersVariables(io, mode, asked.cwd), prepared.variables);
  const folder = prepared.entryFolder ?? asked.cwd;
  const [first = ""] = argv;
  const program = findProgram(first, env["PATH"], folder);
  if (program !== undefined) return { program, argv, env, folder };
  const where =
    decided.environment.kind === "none"
      ? "on PATH"
      : `in the environment (${describe(decided.environment)}) nor on PATH`;
  const what = first === asked.words[0] ? "" : `, which ${asked.words[0] ?? ""} needs`;
  throw new ChimeraError("command-missing", `there is no program \`${first}\` ${where}${what}`);
}

/** Of the terminal that calls, which the run is to outlive: none of them fits its own. */
const ofTheTerminal = ["TMUX", "TMUX_PANE", "LINES", "COLUMNS", "WINDOWID", "STY"];

function callersVariables(io: Io, mode: Mode, cwd: string): Record<string, string | undefined> {
  if (mode === "foreground") return { ...io.env, PWD: cwd };
  const own = Object.entries(io.env).filter(([name]) => !ofTheTerminal.includes(name));
  // Python keeps back what it prints when nobody looks: a log would show it at the end.
  const live = mode === "log" ? { PYTHONUNBUFFERED: "1" } : {};
  return { ...live, ...Object.fromEntries(own), PWD: cwd };
}

/** A name that was typed is meant; one that was made of a file's gets a number while another run has it. */
async function claimName(
  io: Io,
  typed: SessionName | null,
  wanted: Omit<RunRecord, "n">,
): Promise<Extract<Claim, { kind: "claimed" }>> {
  for (let number = 2; ; number += 1) {
    const name = number === 2 ? wanted.name : numbered(wanted.name, number - 1);
    const claim = await claimRun(io, { ...wanted, name });
    if (claim.kind === "claimed") return claim;
    if (typed !== null) {
      const since = claim.by.record.createdAt;
      throw new ChimeraError(
        "write-conflict",
        `${typed} is running since ${since}: chimera attach ${typed}, chimera stop ${typed}, or another --name`,
      );
    }
  }
}
