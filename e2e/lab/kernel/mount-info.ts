// SHELL. The mount table of this process, as the kernel tells it.
import { readFile } from "node:fs/promises";

export type Mount = { readonly target: string; readonly type: string; readonly source: string };

export async function readMountInfo(path = "/proc/self/mountinfo"): Promise<Mount[]> {
  return parseMountInfo(await readFile(path, "utf8"));
}

export function parseMountInfo(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    // Optional fields stand between the sixth field and the lone dash.
    const [before, after] = line.split(" - ");
    const target = before?.split(" ")[4];
    const [type, source] = after?.split(" ") ?? [];
    if (target === undefined || type === undefined || source === undefined) return [];
    return [{ target: unescape(target), type, source: unescape(source) }];
  });
}

function unescape(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  );
}
