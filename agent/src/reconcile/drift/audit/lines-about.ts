/** PURE. Of a whole log the lines of those events that name a file, so that only these are parsed. */
import type { ChangeTarget } from "./find-change.ts";

const eventId = /\baudit\((\d{1,12}\.\d{3}:\d{1,20})\)/;

export function linesAbout(text: string, { path, inode }: Pick<ChangeTarget, "path" | "inode">): string[] {
  const lines = text.split("\n");
  const name = path.slice(path.lastIndexOf("/") + 1);
  const hex = Buffer.from(name).toString("hex").toUpperCase();
  const signs = [` inode=${inode.ino} `, `${name}" `, `${hex} `];
  const isNamed = (line: string): boolean => signs.some((sign) => line.includes(sign));
  const events = new Set(lines.filter(isNamed).flatMap((line) => idOf(line) ?? []));
  return events.size === 0 ? [] : lines.filter((line) => events.has(idOf(line) ?? ""));
}

function idOf(line: string): string | undefined {
  return eventId.exec(line)?.[1];
}
