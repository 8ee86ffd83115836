/** PURE. PEP 723: the packages that a Python script needs, in comments of its own. */
import { parse } from "smol-toml";
import { z } from "zod";

const Metadata = z.object({
  "requires-python": z.string().max(256).optional(),
  dependencies: z.array(z.string().max(1024)).max(1000).default([]),
});

interface InlineMetadata {
  requiresPython: string | null;
  dependencies: readonly string[];
  /** The block as it stands: what an environment depends on. */
  block: string;
}

export type Pep723 =
  | { kind: "none" }
  | ({ kind: "block" } & InlineMetadata)
  | { kind: "bad"; reason: string };

export function parsePep723(text: string): Pep723 {
  const found = scriptBlocks(text.split(/\r?\n/u));
  const [content] = found;
  if (content === undefined) return opensOnly(text);
  if (found.length > 1) return { kind: "bad", reason: "it has more than one block `# /// script`" };
  return readBlock(content.map((line) => line.replace(/^# ?/u, "")).join("\n"));
}

/** As the pattern of the specification finds them: from an opening line to the last closing one of the same comment. */
function scriptBlocks(lines: readonly string[]): string[][] {
  const found: string[][] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const type = /^# \/\/\/ (?<type>[a-zA-Z0-9-]+)$/u.exec(lines[at] ?? "")?.groups?.["type"];
    if (type === undefined) continue;
    const comment = commentAfter(lines, at);
    const last = comment.lastIndexOf("# ///");
    if (last > 0 && type === "script") found.push(comment.slice(0, last));
    // Without an end nothing that opens in this comment has one.
    at += last > 0 ? last + 1 : comment.length;
  }
  return found;
}

function commentAfter(lines: readonly string[], at: number): string[] {
  let end = at + 1;
  while (/^#(?:$| )/u.test(lines[end] ?? "")) end += 1;
  return lines.slice(at + 1, end);
}

/** A block that is never closed is none by the specification, but nobody writes one on purpose. */
function opensOnly(text: string): Pep723 {
  if (!/^# \/\/\/ script\r?$/mu.test(text)) return { kind: "none" };
  return {
    kind: "bad",
    reason: "its block `# /// script` has no end `# ///`, or lines that are no comments",
  };
}

function readBlock(block: string): Pep723 {
  const toml = parseToml(block);
  if (toml.kind === "bad") return toml;
  const metadata = Metadata.safeParse(toml.value);
  if (!metadata.success) {
    const [issue] = metadata.error.issues;
    return { kind: "bad", reason: `its block \`# /// script\`: ${issue?.path.join(".")}: ${issue?.message}` };
  }
  const { dependencies, "requires-python": requiresPython = null } = metadata.data;
  return { kind: "block", requiresPython, dependencies, block };
}

function parseToml(text: string): { kind: "toml"; value: unknown } | { kind: "bad"; reason: string } {
  try {
    return { kind: "toml", value: parse(text) };
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return { kind: "bad", reason: `its block \`# /// script\` is not TOML: ${reason}` };
  }
}
