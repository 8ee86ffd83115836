/** PURE. What others remember of the log, against what it is now: whoever remembers more entries, or other ones, is a witness. */
import { missing, type AuditFinding, type CheckedLog } from "./check-log.ts";

export interface Memory {
  /** "the online key", "this machine's copy", "n1, n2" */
  who: string;
  kind: "signed" | "copy" | "node";
  size: number;
  /** Of the root at that size: its first digits, as many as are known. */
  root: string;
  /** When it was so; null where nobody says. */
  at: string | null;
}

type MemoryState = "same" | "changed" | "cut" | "lost";

export interface ComparedMemory extends Memory {
  state: MemoryState;
}

export interface Comparison {
  memories: ComparedMemory[];
  findings: AuditFinding[];
}

/** `lost`: entries of a log whose loss was accepted on this machine; of those nodes may still speak. */
export function compareMemories(
  log: Pick<CheckedLog, "size" | "roots">,
  memories: readonly Memory[],
  lost: number,
): Comparison {
  const compared = memories.map((memory) => ({ ...memory, state: stateOf(log, memory, lost) }));
  const proven = compared.filter(({ state }) => state === "same").map(({ size }) => size);
  return { memories: compared, findings: compared.flatMap((memory) => findingOf(log, memory, proven)) };
}

function stateOf(
  { size, roots }: Pick<CheckedLog, "size" | "roots">,
  memory: Memory,
  lost: number,
): MemoryState {
  const isSame = memory.size <= size && roots.get(memory.size)?.startsWith(memory.root) === true;
  if (isSame) return "same";
  if (memory.kind === "node" && memory.size <= lost) return "lost";
  return memory.size > size ? "cut" : "changed";
}

function findingOf(
  { size }: Pick<CheckedLog, "size">,
  { who, at, state, size: remembered }: ComparedMemory,
  proven: readonly number[],
): AuditFinding[] {
  const when = at === null ? "" : ` at ${at}`;
  if (state === "cut") {
    const gone = `${missing(size, remembered - 1)}: cut off, or never shown`;
    return [{ index: size, what: `${gone} (${who} knew ${remembered} entries${when}, the log has ${size})` }];
  }
  if (state !== "changed") return [];
  // All that somebody else remembers alike is as it was.
  const from = Math.max(0, ...proven.filter((known) => known < remembered));
  const where =
    from === remembered - 1
      ? `entry ${from} is another one`
      : `one of the entries ${from} to ${remembered - 1} is another one`;
  return [{ index: from, what: `${where} than ${who} knew${when}` }];
}
