/** PURE. A script that says itself what it needs: `#!/usr/bin/env nix-shell` or `#!/usr/bin/env nix`, and the lines after it. */
import { baseName, parseShebang } from "./parse-shebang.ts";
import { splitWords } from "./split-words.ts";

export interface NixShebang {
  /** What the script is given to: it reads these lines itself. */
  tool: "nix-shell" | "nix";
  /** Its own arguments, to show them. Undefined where quotes do not close. */
  words: readonly string[] | undefined;
}

const lines = {
  "nix-shell": /^#!\s*nix-shell\s+(?<words>.*)$/gmu,
  nix: /^#!\s*nix\s+(?<words>.*)$/gmu,
} as const;

export function parseNixShebang(text: string): NixShebang | undefined {
  const shebang = parseShebang(text);
  if (shebang.kind !== "program") return undefined;
  const tool = baseName(shebang.program);
  if (tool !== "nix-shell" && tool !== "nix") return undefined;
  const rest = text.slice(text.indexOf("\n") + 1);
  const words = tool === "nix" ? inHead(rest) : rest;
  const found = [...words.matchAll(lines[tool])].map(
    ({ groups }) => groups?.["words"]?.replace(/\r$/u, "") ?? "",
  );
  return { tool, words: tool === "nix" ? nixWords(found.join("\n")) : splitWords(found.join(" ")) };
}

/** `nix` stops reading at the first line that is no comment of any language it knows. */
function inHead(text: string): string {
  const all = text.split("\n");
  const end = all.findIndex((line) => !/^[#/%@*-]/u.test(line));
  return all.slice(0, end === -1 ? all.length : end).join("\n");
}

/** `nix` quotes with double backticks. */
function nixWords(text: string): string[] {
  const found = text.matchAll(/``(?<quoted>[^]*?)``|(?<plain>\S+)/gu);
  return [...found].map(({ groups }) => groups?.["quoted"]?.trim() ?? groups?.["plain"] ?? "");
}
