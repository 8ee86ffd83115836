/** PURE. What is done about a difference at a path, who set that, and what somebody does who wants it otherwise. */
import { untilText } from "../grave-paths.ts";
import type { DriftMode } from "@chimera/proto/drift-policy";
import type { JudgedStance } from "../drift-stance.ts";
import { modeOfPart, type DriftPart, type PartMode, type PartSettings } from "./drift-part.ts";

export interface PolicyQuestion {
  part: DriftPart;
  path: string;
  /** Why it is only told, whatever is set; null for what can be put back. */
  told: string | null;
  /** True where neither rules nor windows count. */
  isRuleless: boolean;
}

export interface PolicySight {
  settings: PartSettings;
  isHeld: boolean;
  /** Somebody fights over the path: until then. */
  restUntil: string | null;
  /** Why it was not put back so far, by the last look; null where it was, or nothing differed. */
  openWhy: string | null;
  /** What rules, windows, orders and the mode of the part say. */
  stance: JudgedStance;
}

export interface ExplainedPolicy {
  mode: DriftMode;
  why: string;
  setBy: "default" | "module" | "head" | "order" | "hold" | "agent";
  change: string;
}

const module = "services.chimera.agent.settings";
const fleetRules = "[[policy.drift.rules]] in chimera.toml";

/** In the order in which they count. */
export function explainPolicy(question: PolicyQuestion, sight: PolicySight): ExplainedPolicy {
  const part = modeOfPart(sight.settings, question.part);
  const said =
    ignored(question, part) ??
    held(sight) ??
    onlyTold(question) ??
    resting(question, sight) ??
    byRule(question, sight, part) ??
    byPart(question, part);
  return said.mode === "revert" && sight.openWhy !== null ? stillOpen(said, question, sight.openWhy) : said;
}

/** As what comes back at each reload, or cannot be put back: policy is not all. */
function stillOpen(said: ExplainedPolicy, { path }: PolicyQuestion, openWhy: string): ExplainedPolicy {
  const why = `${said.why}; not put back so far: ${openWhy}`;
  return { ...said, why, change: `chimera drift resume NODE ${path} has it tried again; ${said.change}` };
}

/** Then nothing is looked at, and so no rule brings it back. */
function ignored({ part: of }: PolicyQuestion, part: PartMode): ExplainedPolicy | null {
  if (part.mode !== "ignore") return null;
  return {
    mode: "ignore",
    why: `${settingText(part)}: nothing of it is compared, and no rule changes that`,
    setBy: setterOf(part),
    change: `set ${module}.${settingOf(of)} to "report" or "revert"`,
  };
}

function held({ isHeld }: PolicySight): ExplainedPolicy | null {
  if (!isHeld) return null;
  const change = "end the hold: chimera hold release NODE, or chimera local release on the node";
  return { mode: "report", why: "the node is held, drift too", setBy: "hold", change };
}

function onlyTold({ told, part }: PolicyQuestion): ExplainedPolicy | null {
  if (told === null) return null;
  const change = `${module}.${settingOf(part)} = "ignore" ends that it is told`;
  return { mode: "report", why: told, setBy: "agent", change };
}

function resting({ path }: PolicyQuestion, { restUntil }: PolicySight): ExplainedPolicy | null {
  if (restUntil === null) return null;
  const why = `somebody changes it again and again: ${untilText(path, restUntil)}`;
  return { mode: "report", why, setBy: "agent", change: `chimera drift resume NODE ${path}` };
}

/** What is mounted over /etc is put back only where its class says so; else only a rule that ignores it counts. */
function byRule(question: PolicyQuestion, { stance }: PolicySight, part: PartMode): ExplainedPolicy | null {
  const isUnasked = question.part === "mounts" && part.mode === "report" && stance.kind !== "ignore";
  if (stance.by === "mode" || question.isRuleless || isUnasked) return null;
  const why = stance.kind === "revert" ? "a rule names the path" : stance.why;
  return { mode: stance.kind, why, setBy: stance.by, change: changeOf[stance.by] };
}

const changeOf = {
  order: "chimera drift unignore NODE PATH ends it before its time",
  head: "change [policy.drift] in chimera.toml, and deploy",
  module: `change ${module}.drift of the node, and deploy`,
} as const;

function byPart({ part, path, isRuleless }: PolicyQuestion, mode: PartMode): ExplainedPolicy {
  const others = modes.filter((one) => one !== mode.mode).map((one) => `"${one}"`);
  const single = isRuleless ? "" : `; for single paths ${module}.drift.rules, or ${fleetRules}`;
  const aWhile = mode.mode === "revert" && !isRuleless;
  const ignore = aWhile ? `; for a while: chimera drift ignore NODE ${path} --for 2h --reason WHY` : "";
  return {
    mode: mode.mode,
    why: settingText(mode),
    setBy: setterOf(mode),
    change: `set ${module}.${settingOf(part)} to ${others.join(" or ")}${single}${ignore}`.slice(0, 1024),
  };
}

const modes = ["revert", "report", "ignore"] as const;

function settingOf(part: DriftPart): string {
  if (part === "etc") return "drift.mode";
  return part === "store" ? "drift.store.mode" : `drift.classes.${part}`;
}

function settingText({ setting, mode, isDefault }: PartMode): string {
  return isDefault ? `${setting} is not set, which means ${mode}` : `${setting} is ${mode}`;
}

function setterOf({ isDefault }: PartMode): "default" | "module" {
  return isDefault ? "default" : "module";
}
