/** SHELL. For tests: the two key sets of nix/tests, as the programs read them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Envelope } from "../../proto/src/signed/envelope.ts";
import { openFirstKeySet, walkKeySets } from "../../proto/src/signed/key-set.ts";
import { repository } from "./evaluate.ts";

function read(version: number): Envelope {
  const file = resolve(repository, `nix/tests/keys.${version}.json`);
  return Envelope.parse(JSON.parse(readFileSync(file, "utf8")));
}

const first = read(1);
const second = read(2);
const opened = openFirstKeySet(first);

/** Throws where one of them is not what it says. */
export const exampleKeys = {
  first,
  second,
  fleetId: opened.fleetId,
  newestVersion: walkKeySets(opened, [second]).set.version,
};
