/** SHELL. Who is logged in, as logind says: beside a change, and no proof of it. */
import { ChimeraError } from "@chimera/proto/errors";
import { run } from "../../run.ts";

const most = 16;

/** Nobody where logind does not answer. */
export async function readLoggedIn(): Promise<string[]> {
  try {
    const { exitCode, stdout } = await run("loginctl", ["list-sessions", "--no-legend", "--no-pager"], {
      timeoutMs: 2_000,
      maxBytes: 64 * 1024,
    });
    return exitCode === 0 ? parseSessions(stdout) : [];
  } catch (error) {
    if (error instanceof ChimeraError) return [];
    throw error;
  }
}

/** Lines of session, uid, user, seat and terminal; the seat may be missing, or a dash. */
export function parseSessions(text: string): string[] {
  const people = text.split("\n").flatMap((line) => {
    const [session, uid, user, ...rest] = line.trim().split(/\s+/u);
    if (session === undefined || user === undefined || !/^\d+$/u.test(uid ?? "")) return [];
    const terminal = rest.find((word) => /^(?:pts\/|tty)/u.test(word));
    return [`${user}${terminal === undefined ? "" : ` on ${terminal}`}`.slice(0, 128)];
  });
  return [...new Set(people)].slice(0, most);
}
