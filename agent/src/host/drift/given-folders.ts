/** SHELL. What a closure's tmpfiles.d says of folders in /etc. */
import { readdirSync } from "node:fs";
import { givenFolders, type GivenFolders } from "../../reconcile/drift/folder-rights.ts";
import { attempt } from "../errno-outcome.ts";
import { readSmallFile } from "../read-small-file.ts";

const mostFiles = 512;
const fileBytes = 1024 * 1024;

export async function readGivenFolders(tree: string): Promise<GivenFolders> {
  const names = attempt(() => readdirSync(`${tree}/tmpfiles.d`));
  if (names.kind === "failed") return givenFolders([]);
  const files = names.value.filter((name) => name.endsWith(".conf")).slice(0, mostFiles);
  const texts: string[] = [];
  for (const name of files) {
    const text = await readSmallFile(`${tree}/tmpfiles.d/${name}`, fileBytes);
    if (text !== null) texts.push(text);
  }
  return givenFolders(texts);
}
