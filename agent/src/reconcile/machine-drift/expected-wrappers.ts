/**
 * PURE. What NixOS's own script makes of /run/wrappers: one file each, copied, owned, and only then given its mode and
 * capabilities. Nothing else in the closure says so.
 */

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

export interface WrapperScript {
  wrappers: ExpectedWrapper[];
  /** The folder of setcap, and of getcap beside it; null where no wrapper has capabilities. */
  capTools: string | null;
  /** Wrappers of which the script says something that is not understood: nothing is expected of these. */
  problems: string[];
}

const target = '"?\\$\\{?wrapperDir\\}?/([^"$]+)"?$';
const steps = {
  copy: new RegExp(`(?:^|/)cp (/\\S+) ${target}`),
  own: new RegExp(`(?:^|/)chown ([^\\s:]+):(\\S+) ${target}`),
  mode: new RegExp(`(?:^|/)chmod "?([^\\s"]+)"? ${target}`),
  caps: new RegExp(`^(/\\S+)/setcap "?([^"\\s]+)"? ${target}`),
};

interface Draft {
  source?: string;
  owner?: string;
  group?: string;
  mode?: number | null;
  capabilities?: string;
}

export function readWrapperScript(text: string): WrapperScript {
  const drafts = new Map<string, Draft>();
  let capTools: string | null = null;
  for (const line of text.split("\n").map((one) => one.trim())) {
    const said = readLine(line);
    if (said === null) continue;
    const { name, chmod, tools, ...draft } = said;
    const known = drafts.get(name) ?? {};
    const mode = chmod === undefined ? {} : { mode: changeMode(known.mode ?? null, chmod) };
    drafts.set(name, { ...known, ...draft, ...mode });
    capTools = tools ?? capTools;
  }
  return { ...finish(drafts), capTools };
}

interface Said extends Omit<Draft, "mode"> {
  name: string;
  chmod?: string;
  /** The folder of setcap. */
  tools?: string;
}

/** Null for a line that says nothing of one wrapper. */
function readLine(line: string): Said | null {
  return readCopy(line) ?? readOwner(line) ?? readMode(line) ?? readCapabilities(line);
}

function readCopy(line: string): Said | null {
  const [, source, name] = steps.copy.exec(line) ?? [];
  return source === undefined || name === undefined ? null : { name, source };
}

function readOwner(line: string): Said | null {
  const [, owner, group, name] = steps.own.exec(line) ?? [];
  if (owner === undefined || group === undefined || name === undefined) return null;
  return { name, owner, group };
}

function readMode(line: string): Said | null {
  const [, chmod, name] = steps.mode.exec(line) ?? [];
  return chmod === undefined || name === undefined ? null : { name, chmod };
}

function readCapabilities(line: string): Said | null {
  const [, tools, capabilities, name] = steps.caps.exec(line) ?? [];
  if (tools === undefined || capabilities === undefined || name === undefined) return null;
  return { name, tools, capabilities };
}

function finish(drafts: ReadonlyMap<string, Draft>): Pick<WrapperScript, "wrappers" | "problems"> {
  const wrappers: ExpectedWrapper[] = [];
  const problems: string[] = [];
  for (const [name, { source, owner, group, mode, capabilities = null }] of drafts) {
    if (source === undefined) continue;
    if (owner === undefined || group === undefined || mode === undefined || mode === null)
      problems.push(`what the script makes of the wrapper ${name} is not understood`);
    else wrappers.push({ name, source, owner, group, mode, capabilities });
  }
  return { wrappers, problems };
}

const permissionBits: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };
const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const specialBits: Readonly<Record<string, number>> = { u: 0o4000, g: 0o2000, o: 0 };

/** As chmod(1); null for what depends on more than the mode before, as the umask. */
export function changeMode(before: number | null, spec: string): number | null {
  if (/^[0-7]{1,4}$/.test(spec)) return Number.parseInt(spec, 8);
  return spec.split(",").reduce<number | null>((mode, clause) => changeByClause(mode, clause), before);
}

function changeByClause(before: number | null, clause: string): number | null {
  const parts = /^([ugoa]+)((?:[-+=][rwxs]*)+)$/.exec(clause);
  if (before === null || parts === null) return null;
  const [, who = "", actions = ""] = parts;
  const whom = who.includes("a") ? ["u", "g", "o"] : who.split("");
  const changes = [...actions.matchAll(/([-+=])([rwxs]*)/g)];
  return changes.reduce((mode, [, operation = "", letters = ""]) => {
    const named = bitsOf(whom, letters);
    if (operation === "+") return mode | named;
    if (operation === "-") return mode & ~named;
    return (mode & ~bitsOf(whom, "rwxs")) | named;
  }, before);
}

function bitsOf(whom: readonly string[], letters: string): number {
  return whom.reduce((bits, who) => {
    const plain = letters.split("").reduce((sum, letter) => sum | (permissionBits[letter] ?? 0), 0);
    const special = letters.includes("s") ? (specialBits[who] ?? 0) : 0;
    return bits | (plain << (shifts[who] ?? 0)) | special;
  }, 0);
}

/**
 * Capabilities in one way of writing, whichever of the many cap_from_text(3) knows was used; null for one that is not
 * understood: `cap_setpcap,cap_net_raw+ep` and `cap_net_raw,cap_setpcap=ep` are the same.
 */
export function plainCapabilities(text: string): string | null {
  const flagsOf = new Map<string, Set<string>>();
  for (const clause of text.split(/\s+/).filter((part) => part !== "" && part !== "=")) {
    const parts = /^(cap_[a-z_]+(?:,cap_[a-z_]+)*)[=+]([eip]+)$/.exec(clause.toLowerCase());
    if (parts === null) return null;
    for (const name of (parts[1] ?? "").split(","))
      flagsOf.set(name, new Set([...(flagsOf.get(name) ?? []), ...(parts[2] ?? "").split("")]));
  }
  const words = [...flagsOf].map(([name, flags]) => `${name}=${[...flags].toSorted().join("")}`);
  return words.toSorted().join(" ");
}
