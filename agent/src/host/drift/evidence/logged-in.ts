/** SHELL. Who is logged in, as logind says, else utmp: beside a change, and no proof of it. */
import { ChimeraError } from "@chimera/proto/errors";
import { existsSync } from "node:fs";
import { run } from "../../run.ts";
import { readBytes } from "./read-bytes.ts";

const most = 16;

/** Nobody where neither answers. */
export async function readLoggedIn(utmp = "/run/utmp"): Promise<string[]> {
  const people = await askLogind();
  // A container often has no logind, and sshd writes utmp all the same.
  return people.length > 0 ? people : readUtmp(utmp);
}

async function askLogind(): Promise<string[]> {
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
    return [personOn(user, terminal)];
  });
  return [...new Set(people)].slice(0, most);
}

const utmpBytes = 1024 * 1024;
const userProcess = 7;
/** utmp(5): times are of 64 bits where no 32-bit program ever shared the file. */
const recordBytes = process.arch === "x64" ? 384 : 400;

async function readUtmp(file: string): Promise<string[]> {
  const read = await readBytes(file, utmpBytes);
  const bytes = read?.bytes ?? Buffer.alloc(0);
  const people: string[] = [];
  for (let at = 0; at + recordBytes <= bytes.length; at += recordBytes) {
    const record = bytes.subarray(at, at + recordBytes);
    // Whoever was cut off is still in the file, and his process is gone.
    if (record.readInt16LE(0) !== userProcess || !existsSync(`/proc/${record.readInt32LE(4)}`)) continue;
    people.push(personOn(textIn(record, { from: 44, length: 32 }), textIn(record, { from: 8, length: 32 })));
  }
  return [...new Set(people)].filter((person) => person !== "").slice(0, most);
}

function textIn(record: Buffer, { from, length }: { from: number; length: number }): string {
  const field = record.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}

function personOn(user: string, terminal: string | undefined): string {
  const where = terminal === undefined || terminal === "" ? "" : ` on ${terminal}`;
  return user === "" ? "" : `${user}${where}`.slice(0, 128);
}
