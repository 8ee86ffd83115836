/** SHELL. What the closure's own script makes of /run/wrappers, with the bytes of each wrapper. */
import { lstatSync, realpathSync } from "node:fs";
import type { ExpectedFile } from "../../reconcile/drift/etc-entry.ts";
import { plainCapabilities, readWrapperScript } from "../../reconcile/machine-drift/expected-wrappers.ts";
import { attempt } from "../errno-outcome.ts";
import { hashFile } from "../drift/hash-file.ts";
import { readSmallFile } from "../read-small-file.ts";

export const wrapperUnit = "suid-sgid-wrappers.service";

export interface Wrapper extends ExpectedFile {
  /** In plain writing; null where nothing is expected, or it is not understood. */
  capabilities: string | null;
}

export interface ExpectedWrappers {
  toplevel: string;
  wrappers: ReadonlyMap<string, Wrapper>;
  /** With getcap; null where no wrapper has capabilities. */
  capTools: string | null;
  problems: string[];
}

const scriptBytes = 1024 * 1024;
const wrapperBytes = 64 * 1024 * 1024;

/** Null for a system without wrappers. */
export async function readExpectedWrappers(
  toplevel: string,
  store: string,
): Promise<ExpectedWrappers | null> {
  const script = await scriptOf(toplevel, store);
  if (script === null) return null;
  const { wrappers, capTools, problems } = readWrapperScript(script);
  const expected = new Map<string, Wrapper>();
  for (const { name, source, capabilities, ...owned } of wrappers) {
    const bytes = await bytesOf(source, store);
    const plain = capabilities === null ? null : plainCapabilities(capabilities);
    if (bytes === null) problems.push(`${source}, of the wrapper ${name}, cannot be read in the store`);
    else expected.set(name, { kind: "file", path: name, source, ...owned, ...bytes, capabilities: plain });
  }
  return { toplevel, wrappers: expected, capTools: toolsIn(store, capTools), problems };
}

async function scriptOf(toplevel: string, store: string): Promise<string | null> {
  const unit = await readSmallFile(`${toplevel}/etc/systemd/system/${wrapperUnit}`, scriptBytes);
  const path = /^ExecStart=(\/\S+)\s*$/m.exec(unit ?? "")?.[1];
  const script = path === undefined ? null : realOf(path);
  return script?.startsWith(store) === true ? readSmallFile(script, scriptBytes) : null;
}

/** A program that the agent starts comes from the store. */
function toolsIn(store: string, folder: string | null): string | null {
  return folder !== null && realOf(`${folder}/getcap`)?.startsWith(store) === true ? folder : null;
}

async function bytesOf(source: string, store: string): Promise<Pick<ExpectedFile, "size" | "sha256"> | null> {
  const real = realOf(source);
  if (real === null || !real.startsWith(store)) return null;
  const hashed = await hashFile(real, wrapperBytes);
  if (hashed.kind === "failed" || hashed.value.sha256 === undefined) return null;
  return { size: lstatSync(real).size, sha256: hashed.value.sha256 };
}

function realOf(path: string): string | null {
  const real = attempt(() => realpathSync(path));
  return real.kind === "done" ? real.value : null;
}
