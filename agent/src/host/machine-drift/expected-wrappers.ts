/** SHELL. What the closure's own script makes of /run/wrappers, with the bytes of each wrapper. */
import { lstatSync, realpathSync } from "node:fs";
import type { ExpectedFile } from "../../reconcile/drift/etc-entry.ts";
import { plainCapabilities } from "../../reconcile/machine-drift/plain-capabilities.ts";
import { readWrapperScript, wrapperSnippet } from "../../reconcile/machine-drift/wrapper-script.ts";
import { attempt } from "../errno-outcome.ts";
import { hashFile } from "../drift/hash-file.ts";
import { readSmallFile } from "../read-small-file.ts";

export const wrapperUnit = "suid-sgid-wrappers.service";

export interface Wrapper extends ExpectedFile {
  /** In plain writing; null where nothing is expected, or it is not understood. */
  capabilities: string | null;
}

export type ExpectedWrappers =
  /** A system without wrappers. */
  | { kind: "none"; toplevel: string }
  /** They are made in a way that is not understood: none is compared, and nothing beside them is strange. */
  | { kind: "unseen"; toplevel: string; why: string }
  | KnownWrappers;

export interface KnownWrappers {
  kind: "known";
  toplevel: string;
  wrappers: ReadonlyMap<string, Wrapper>;
  /** Names of which nothing is expected, and that are no strangers. */
  unjudged: ReadonlySet<string>;
  /** With getcap; null where no wrapper has capabilities. */
  capTools: string | null;
  problems: string[];
  /** False for an older NixOS, where only an activation makes them. */
  hasUnit: boolean;
}

interface Places {
  toplevel: string;
  /** Where the script and the wrappers' sources must lie. */
  store: string;
  /** /run/wrappers. */
  parent: string;
}

const scriptBytes = 1024 * 1024;
const activateBytes = 4 * 1024 * 1024;
const wrapperBytes = 64 * 1024 * 1024;

export async function readExpectedWrappers(places: Places): Promise<ExpectedWrappers> {
  const { toplevel } = places;
  const unit = await readSmallFile(`${toplevel}/etc/systemd/system/${wrapperUnit}`, scriptBytes);
  if (unit !== null) {
    const script = await scriptOf(unit, places.store);
    if (script === null)
      return { kind: "unseen", toplevel, why: `${wrapperUnit} starts no script of the store` };
    return readScript(places, script, true);
  }
  const snippet = wrapperSnippet((await readSmallFile(`${toplevel}/activate`, activateBytes)) ?? "");
  return snippet === null ? { kind: "none", toplevel } : readScript(places, snippet, false);
}

/** Null for a unit that starts something else than one script, without arguments. */
async function scriptOf(unit: string, store: string): Promise<string | null> {
  const starts = unit.split("\n").filter((line) => /^Exec(Start|StartPre|StartPost|Reload)=/.test(line));
  const path = starts.length === 1 ? /^ExecStart=(\/\S+)\s*$/.exec(starts[0] ?? "")?.[1] : undefined;
  const script = path === undefined ? null : realOf(path);
  return script?.startsWith(store) === true ? readSmallFile(script, scriptBytes) : null;
}

async function readScript(
  { toplevel, store, parent }: Places,
  text: string,
  hasUnit: boolean,
): Promise<ExpectedWrappers> {
  const reading = readWrapperScript(text);
  if (reading.kind === "strange") return { kind: "unseen", toplevel, why: reading.why };
  const { script } = reading;
  if (script.parent !== parent) return { kind: "unseen", toplevel, why: `they are made in ${script.parent}` };
  const wrappers = new Map<string, Wrapper>();
  const unjudged = new Set(script.unjudged);
  const problems = script.unjudged
    .filter((name) => !name.endsWith(".real"))
    .map((name) => `what the script makes of the wrapper ${name} is not understood`);
  for (const { name, source, capabilities, ...owned } of script.wrappers) {
    const bytes = await bytesOf(source, store);
    const plain = capabilities === null ? null : plainCapabilities(capabilities);
    if (bytes !== null)
      wrappers.set(name, { kind: "file", path: name, source, ...owned, ...bytes, capabilities: plain });
    else {
      unjudged.add(name);
      problems.push(`${source}, of the wrapper ${name}, cannot be read in the store`);
    }
  }
  const capTools = toolsIn(store, script.capTools);
  return { kind: "known", toplevel, wrappers, unjudged, capTools, problems, hasUnit };
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
