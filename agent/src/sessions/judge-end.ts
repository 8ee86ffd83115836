/** PURE. How a session ended, by what systemd says of its unit. */
import type { SessionEnd, SessionRecord } from "./session-record.ts";

/** The last run of a service, in systemd's words. */
export interface UnitEnd {
  result: string;
  /** A CLD_ constant: 1 is exited, all others but 0 are signals. */
  execMainCode: number;
  execMainStatus: number;
  endedMs: number;
}

/** By number, of Linux on the machines that NixOS runs on. */
const signalNames = [
  "0 HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG",
  "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS",
]
  .join(" ")
  .split(" ");

export function signalName(number: number): string {
  const name = signalNames[number];
  return name === undefined || number === 0 ? `SIG${number}` : `SIG${name}`;
}

/** What a command's own code can be too, but hardly is: systemd says so where it could not begin it (systemd.exec(5)). */
const beginFailures: ReadonlyMap<number, string> = new Map([
  [200, "systemd could not enter its folder"],
  [203, "systemd could not execute its program"],
  [208, "systemd could not open its input"],
  [209, "systemd could not open its output"],
  [217, "systemd does not know its user"],
]);

export function judgeEnd(record: Pick<SessionRecord, "timeoutMs">, end: UnitEnd): SessionEnd {
  const { execMainCode, execMainStatus, result, endedMs } = end;
  const endedAt = endedMs > 0 ? new Date(endedMs).toISOString() : null;
  if (execMainCode === 0) return lost(`systemd says "${result.slice(0, 64)}", and no more`);
  const isTimeout = result === "timeout" && record.timeoutMs !== null;
  const note = isTimeout ? `it ran longer than ${record.timeoutMs} ms and was ended` : null;
  if (execMainCode === 1) {
    const failure = beginFailures.get(execMainStatus) ?? null;
    return { state: "ended", endedAt, exitCode: execMainStatus & 0xff, signal: null, note: note ?? failure };
  }
  return { state: "ended", endedAt, exitCode: null, signal: signalName(execMainStatus), note };
}

export function lost(note: string): SessionEnd {
  return { state: "lost", endedAt: null, exitCode: null, signal: null, note };
}
