/** PURE. What a follower shows of a node's way, and when there is nothing more to see. */
import type { LocalStatus } from "@chimera/proto/local-api";
import { failedStates } from "@chimera/proto/state-word";

/** One line, without what moves by itself. */
export function progressLine({ state, waiting, fetch, problem, accepted, panic }: LocalStatus): string {
  const head = accepted === null ? "no head" : `head ${accepted.serial}`;
  const undone = panic === null ? "" : ", undone by a panic";
  const bytes = fetch === null ? "" : ` ${mebibytes(fetch.doneBytes)} of ${mebibytes(fetch.totalBytes)} MiB`;
  const why = waiting === null ? "" : `: ${waiting.detail}`;
  const failure = failedStates.has(state) && problem !== null ? `: ${problem.code}: ${problem.message}` : "";
  return `${head}${undone}: ${state}${bytes}${why}${failure}`.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ");
}

/** What tells one look from the next: everything but clocks. */
export function sightOf({ at: _at, journal, checks, ...rest }: LocalStatus): string {
  const step =
    journal === null ? null : { step: journal.step, order: journal.order, problem: journal.problem };
  return JSON.stringify([
    rest,
    step,
    checks.map(({ at: _when, runs: _runs, passesInRow: _passes, ...check }) => check),
  ]);
}

/** Whether this node has come to an end with the document of that serial, or follows a newer one. */
export function isFollowed({ accepted, panic, journal, state }: LocalStatus, serial: number): boolean {
  if (accepted !== null && accepted.serial > serial) return true;
  if (journal === null || journal.order.serial !== serial) return false;
  const rank = panic?.serial === serial ? 1 : 0;
  return journal.order.rank === rank && (state === "committed" || failedStates.has(state));
}

/** What a session says of the newest head on this node. */
export interface DeploySight {
  /** Null where none was accepted. */
  serial: number | null;
  line: string;
  /** Another one where there is something new to say. */
  sight: string;
  isOver: boolean;
  /** Why it is over, where that is no commit. */
  failure: string | null;
}

export function deploySight(status: LocalStatus): DeploySight {
  const { accepted, state, problem, journal } = status;
  const serial = accepted?.serial ?? null;
  const isSettled = journal === null && state === "committed";
  const isOver = serial !== null && (isSettled || isFollowed(status, serial));
  const failure = failedStates.has(state) ? `${state}: ${problem?.message ?? "no reason was noted"}` : null;
  const line = progressLine(status);
  return { serial, line, sight: line, isOver, failure };
}

function mebibytes(bytes: number): string {
  return (bytes / (1 << 20)).toFixed(1);
}
