/**
 * PURE. What NixOS's own script makes of /run/wrappers: one file each, copied, owned, and only then given its mode and
 * capabilities. Nothing else in the closure says so. A script in which anything is not understood says nothing.
 */
import { changeMode } from "./change-mode.ts";
import { scriptLines } from "../drift/shell-words.ts";
import { readStep, type WrapperSaid } from "./wrapper-step.ts";

interface ExpectedWrapper {
  name: string;
  /** Of the wrapper program itself, in the store. */
  source: string;
  owner: string;
  group: string;
  mode: number;
  /** As the script gives them to setcap; null where it does not. */
  capabilities: string | null;
}

interface WrapperScript {
  wrappers: ExpectedWrapper[];
  /** What the script makes, and of which it says something that is not understood: nothing is expected of these. */
  unjudged: string[];
  /** The folder of setcap, and of getcap beside it; null where no wrapper has capabilities. */
  capTools: string | null;
  /** The folder in which it works: /run/wrappers. */
  parent: string;
}

type WrapperReading = { kind: "read"; script: WrapperScript } | { kind: "strange"; why: string };

interface Draft extends Omit<WrapperSaid, "chmod" | "tools"> {
  mode?: number | null;
}

interface Reading {
  drafts: Map<string, Draft>;
  notes: string[];
  parent: string | null;
  capTools: string | null;
}

const shownLine = 200;

export function readWrapperScript(text: string): WrapperReading {
  const reading: Reading = { drafts: new Map(), notes: [], parent: null, capTools: null };
  for (const line of scriptLines(text))
    if (!follow(reading, line))
      return { kind: "strange", why: `its script has a line of unknown shape: ${line.slice(0, shownLine)}` };
  const { drafts, notes, parent, capTools } = reading;
  if (parent === null) return { kind: "strange", why: "its script makes no folder for them" };
  return { kind: "read", script: { ...finish(drafts, notes), capTools, parent } };
}

/** False for a line that is not understood. */
function follow(reading: Reading, line: string): boolean {
  const step = readStep(line);
  switch (step.kind) {
    case "unknown":
      return false;
    case "folder":
      reading.parent = step.parent;
      return true;
    case "note":
      reading.notes.push(step.name);
      return true;
    case "wrapper": {
      const { chmod, tools, ...said } = step.says;
      const known = reading.drafts.get(step.name) ?? {};
      const mode = chmod === undefined ? {} : { mode: changeMode(known.mode ?? null, chmod) };
      reading.drafts.set(step.name, { ...known, ...said, ...mode });
      reading.capTools = tools ?? reading.capTools;
      return true;
    }
    case "frame":
      return true;
  }
}

function finish(
  drafts: ReadonlyMap<string, Draft>,
  notes: readonly string[],
): Pick<WrapperScript, "wrappers" | "unjudged"> {
  const wrappers: ExpectedWrapper[] = [];
  const unjudged: string[] = [...notes];
  for (const [name, { source, owner, group, mode, capabilities = null }] of drafts)
    if (
      source === undefined ||
      owner === undefined ||
      group === undefined ||
      mode === undefined ||
      mode === null
    )
      unjudged.push(name);
    else wrappers.push({ name, source, owner, group, mode, capabilities });
  return { wrappers, unjudged };
}

/** The part of an activation script that makes them, as until NixOS 23.05; null where there is none. */
export function wrapperSnippet(activate: string): string | null {
  const [, after] = activate.split("\n#### Activation script snippet wrappers:\n");
  return after === undefined
    ? null
    : (after.split(/\n(?:if \(\( _localstatus|#### Activation script )/)[0] ?? null);
}
