/** PURE. What somebody changed by hand, as the NixOS option that would declare it. */
import type { EntryFacts } from "@chimera/proto/drift";
import { nixString, nixText } from "./nix-text.ts";

export interface AdoptedFile {
  /** Below /etc. */
  path: string;
  text: string;
  facts: Pick<EntryFacts, "mode" | "uid" | "gid">;
}

export function nixSnippet({ path, text, facts }: AdoptedFile): string {
  const { mode = "0644", uid = 0, gid = 0 } = facts;
  const owner = [...(uid === 0 ? [] : [`  uid = ${uid};`]), ...(gid === 0 ? [] : [`  gid = ${gid};`])];
  return [
    `environment.etc.${nixString(path)} = {`,
    `  text = ${nixText(text, "    ")};`,
    `  mode = ${nixString(mode)};`,
    ...owner,
    "};",
    "",
  ].join("\n");
}
