/** PURE. For tests: unit folders from texts. */
import { parseUnitText } from "../units/unit-file.ts";
import type { DropIn, UnitFolder, UnitSource } from "../units/unit-folder.ts";

/** `masked`, `-> other.service`, or the text of a unit; `foo.service.d/x.conf` is a drop-in, `a.target.wants/b` a link. */
export function unitFolder(files: Readonly<Record<string, string>>): UnitFolder {
  const sources = new Map<string, UnitSource>();
  const dropIns = new Map<string, DropIn[]>();
  const links = {
    wants: new Map<string, string[]>(),
    requires: new Map<string, string[]>(),
    upholds: new Map(),
  };
  for (const [path, text] of Object.entries(files)) {
    const [folder = "", name] = path.split("/");
    if (name === undefined) sources.set(path, sourceOf(text));
    else if (folder.endsWith(".d")) {
      const unit = folder.slice(0, -2);
      dropIns.set(unit, [...(dropIns.get(unit) ?? []), { name, source: sourceOf(text) }]);
    } else {
      const kind = folder.endsWith(".wants") ? "wants" : "requires";
      const unit = folder.slice(0, -kind.length - 1);
      links[kind].set(unit, [...(links[kind].get(unit) ?? []), name]);
    }
  }
  return { sources, dropIns, links };
}

function sourceOf(text: string): UnitSource {
  if (text === "masked") return { kind: "masked" };
  if (text.startsWith("-> ")) return { kind: "alias", of: text.slice(3) };
  if (text.startsWith("unreadable ")) return { kind: "unreadable", from: text, why: text };
  return { kind: "file", from: text, parsed: parseUnitText(text) };
}
