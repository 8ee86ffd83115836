/** SHELL. The names in a folder, as bytes and in the order of the disk; no more of them than a limit allows, however many there are. */
import { opendirSync, type Dir } from "node:fs";
import { attempt, type Outcome } from "../errno-outcome.ts";
import * as nar from "./nar-size.ts";
import { toSystem, type RawPath } from "./raw-path.ts";

const namesAtOnce = 256;

/** `mostBytes` of a NAR: EFBIG for more names than fit into it. */
export function listNames(folder: RawPath, mostBytes: number): Outcome<RawPath[]> {
  const opened = attempt(() =>
    opendirSync(toSystem(folder), { encoding: "latin1", bufferSize: namesAtOnce }),
  );
  if (opened.kind === "failed") return opened;
  try {
    return readNames(opened.value, mostBytes);
  } finally {
    opened.value.closeSync();
  }
}

function readNames(folder: Dir, mostBytes: number): Outcome<RawPath[]> {
  const names: RawPath[] = [];
  let bytes = 0;
  for (;;) {
    const read = attempt(() => folder.readSync());
    if (read.kind === "failed") return read;
    if (read.value === null) return { kind: "done", value: names };
    bytes += nar.entrySize(read.value.name.length);
    if (bytes > mostBytes) return { kind: "failed", errno: "EFBIG" };
    names.push(read.value.name);
  }
}
