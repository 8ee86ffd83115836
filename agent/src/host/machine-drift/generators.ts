/** SHELL. Which generators of this machine may have written a file to a folder that is no generator's: by what their text names. */
import { readdirSync } from "node:fs";
import { attempt } from "../errno-outcome.ts";
import { readSmallFile } from "../read-small-file.ts";
import type { MachinePlaces } from "./machine-places.ts";

const generatorBytes = 4 * 1024 * 1024;
const mostGenerators = 64;

/** Those of systemd itself are left out: they write where they are told to. */
function generatorFolders({ run, etc }: MachinePlaces): string[] {
  return [
    `${run}/systemd/system-generators`,
    `${etc}/systemd/system-generators`,
    "/usr/local/lib/systemd/system-generators",
  ];
}

/** `folder` as it is called on a machine. One that a folder before has masked is a link to a device, and has no text. */
export async function generatorsNaming(places: MachinePlaces, folder: string): Promise<string[]> {
  const paths = generatorFolders(places).flatMap((at) => {
    const names = attempt(() => readdirSync(at));
    return names.kind === "failed" ? [] : names.value.map((name) => `${at}/${name}`);
  });
  const naming: string[] = [];
  for (const path of paths.slice(0, mostGenerators)) {
    const text = await readSmallFile(path, generatorBytes);
    if (text?.includes(`${folder}/`) === true) naming.push(path);
  }
  return naming;
}
