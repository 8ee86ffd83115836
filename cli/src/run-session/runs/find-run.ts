/** SHELL. The run that a name means: the living one, else the newest of that name. */
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { Io } from "../../io.ts";
import { isLiving } from "../record/run-state.ts";
import { parseAddress, type Address } from "../record/session-name.ts";
import { listRuns, livingRun, readRun, runsOf, type Found, type Run } from "./run-store.ts";

/** Throws not-found with the names that there are. */
export function findRun(io: Io, text: string): Run {
  const address = parseAddress(text);
  if (address.kind === "node") throw ofNode(text);
  const run = seekRun(io, address);
  if (run !== undefined) return run;
  throw noSuchRun(io, text);
}

/** Undefined where there is none; throws state-invalid for one that cannot be read. */
export function seekRun(io: Io, address: Extract<Address, { kind: "local" }>): Run | undefined {
  const found = lookUp(io, address);
  if (found === undefined || found.kind === "run") return found?.run;
  throw new ChimeraError("state-invalid", `${found.id}: ${found.reason} (${found.folder})`);
}

export function noSuchRun(io: Io, text: string): ChimeraError {
  return new ChimeraError("not-found", `there is no run ${text} (${known(io)})`);
}

/** The same where a broken record will do: it can be removed. */
export function findFolder(io: Io, text: string): Found {
  const address = parseAddress(text);
  const found = address.kind === "node" ? undefined : lookUp(io, address);
  if (found !== undefined) return found;
  throw noSuchRun(io, text);
}

/** Those that can be attached to, the newest first. */
export function livingRuns(io: Io): Run[] {
  return listRuns(io)
    .flatMap((found) => (found.kind === "run" && isLiving(found.run.state) ? [found.run] : []))
    .filter(({ record }) => record.mode !== "foreground")
    .toSorted((a, b) => b.record.createdAt.localeCompare(a.record.createdAt));
}

function lookUp(io: Io, { name, n }: { name: SessionName; n: number | null }): Found | undefined {
  const all = runsOf(io, name);
  if (n !== null) {
    const one = all.find((run) => run.n === n);
    return one === undefined ? undefined : readRun(io, one.id);
  }
  const living = livingRun(io, name);
  if (living !== undefined) return { kind: "run", run: living };
  return all[0] === undefined ? undefined : readRun(io, all[0].id);
}

function known(io: Io): string {
  const names = [
    ...new Set(listRuns(io).map((found) => (found.kind === "run" ? found.run.record.name : found.id))),
  ];
  if (names.length === 0) return "there are no runs here: chimera run makes one";
  const shown = names.toSorted().slice(0, 8).join(", ");
  return `there is ${shown}${names.length > 8 ? `, … (${names.length})` : ""}`;
}

function ofNode(text: string): ChimeraError {
  return new ChimeraError(
    "usage",
    `${text} is a session of a node: chimera attach and chimera logs show it, this is for the runs of this machine (chimera ps)`,
  );
}
