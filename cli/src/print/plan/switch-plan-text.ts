/** PURE. What a deployment would do, for people: nodes that go through the same are told together. */
import { plain, type Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { bytes, shortPath } from "../units.ts";
import { namesText } from "./names-text.ts";
import { spaceText, type SpaceText } from "./space-text.ts";

type Deed = "stop" | "start" | "restart" | "stop-and-start" | "reload" | "leave" | "run" | "run-again";

export interface SwitchText {
  actions: { unit: string; does: Deed; because: string | null }[];
  ifRunning: { unit: string; does: Deed; runs: string }[];
  unreadable: { unit: string; why: string }[];
  reboot: string[];
  atNextBoot: string[];
  rebootUnprotected: boolean | null;
  reexec: string[];
  mounts: Record<"stop" | "restart" | "reload" | "leave" | "mount" | "swapoff" | "swapon", string[]>;
  notes: string[];
}

interface NodeText {
  node: string | null;
  from: string | null;
  to: string | null;
  bytes: { closure: number; missing: number; paths: number } | null;
  space: { store: SpaceText; boot: SpaceText } | null;
}

export interface GroupText {
  kind: "same" | "idle" | "switch" | "joins" | "leaves" | "unknown";
  plan: SwitchText | null;
  problem: string | null;
  nodes: NodeText[];
}

const deeds: Record<Deed, string> = {
  stop: "stops",
  "stop-and-start": "stops, starts",
  restart: "restarts",
  reload: "reloads",
  start: "starts",
  leave: "leaves as it is",
  run: "runs, ends",
  "run-again": "runs again",
};
const order: readonly Deed[] = ["stop", "stop-and-start", "restart", "reload", "start", "run", "leave"];
const titles: Record<GroupText["kind"], string> = {
  same: "the same system",
  idle: "another system, and nothing of it runs differently",
  switch: "",
  joins: "first system",
  leaves: "leaves the world: the node keeps what it runs",
  unknown: "cannot be planned",
};
const columns = 100;

export function switchPlanText(groups: readonly GroupText[], paint: Paint = plain): string {
  return groups.map((group) => groupText(group, paint)).join("\n");
}

function groupText(group: GroupText, paint: Paint): string {
  const rows: Row[] = [
    ...problemRows(group, paint),
    ...(group.plan === null ? [] : planRows(group.plan, paint)),
    ...sizeRows(group, paint),
  ];
  const title = [namesText(group.nodes.map(nameOf)), titles[group.kind]]
    .filter((text) => text !== "")
    .join(": ");
  return `${paint("bold", title)}\n${rows.map(rowText).join("")}`;
}

type Row = [string, string];

function rowText([what, text]: Row): string {
  return `${wrapped(text, columns - 20)
    .map((line, i) => `  ${(i === 0 ? what : "").padEnd(16)}  ${line}`.trimEnd())
    .join("\n")}\n`;
}

function nameOf({ node, from, to }: NodeText): string {
  return node ?? `${shortPath(from)} -> ${shortPath(to)}`;
}

function problemRows({ problem }: GroupText, paint: Paint): Row[] {
  return problem === null ? [] : [["problem", paint("red", printableLine(problem))]];
}

function planRows(plan: SwitchText, paint: Paint): Row[] {
  return [
    ...rebootRows(plan, paint),
    ...plan.notes.map((note): Row => ["note", paint("yellow", printableLine(note))]),
    ...plan.unreadable.map(({ unit, why }): Row => [
      "unreadable",
      paint("red", printableLine(`${unit}: ${why}`)),
    ]),
    ...order.flatMap((deed) => deedRow(plan, deed)),
    ...ifRunningRows(plan),
    ...mountRows(plan),
    ...againRow(plan),
    ...(plan.reexec.length === 0
      ? []
      : [["systemd", `replaces itself: ${plan.reexec.join(", ")}`] satisfies Row]),
    ...(plan.atNextBoot.length === 0 ? [] : [["at the next boot", plan.atNextBoot.join(", ")] satisfies Row]),
  ];
}

function rebootRows({ reboot, rebootUnprotected }: SwitchText, paint: Paint): Row[] {
  if (reboot.length === 0) return [];
  const reasons: Row = ["needs a restart", paint("yellow", printableLine(reboot.join("; ")))];
  if (rebootUnprotected === false) return [reasons];
  const risk =
    rebootUnprotected === null
      ? "unknown: the closure does not say which boot loader it is"
      : "reboot-unprotected: the loader cannot boot an entry once (--accept-unprotected)";
  return [reasons, ["if it fails", paint(rebootUnprotected === null ? "dim" : "red", risk)]];
}

function deedRow({ actions }: SwitchText, deed: Deed): Row[] {
  // Targets are stopped and started to keep an order: nothing runs in them.
  const units = actions.filter(
    ({ unit, does }) => does === deed && !(unit.endsWith(".target") && does === "stop-and-start"),
  );
  if (units.length === 0) return [];
  const names = units.map(({ unit, because }) => (because === null ? unit : `${unit} (with ${because})`));
  return [[deeds[deed], printableLine(names.join(", "))]];
}

function ifRunningRows({ ifRunning }: SwitchText): Row[] {
  if (ifRunning.length === 0) return [];
  const groups = Map.groupBy(ifRunning, ({ does }) => does);
  const texts = [...groups].map(
    ([does, units]) => `${deeds[does]} ${units.map(({ unit }) => unit).join(", ")}`,
  );
  return [["if they run", printableLine(texts.join("; "))]];
}

function againRow({ actions }: SwitchText): Row[] {
  const count = actions.filter(({ does }) => does === "run-again").length;
  return count === 0 ? [] : [["run again", `${count} that end by themselves, as at every switch`]];
}

function mountRows({ mounts }: SwitchText): Row[] {
  const words = [
    ["unmounts", mounts.stop],
    ["mounts anew", mounts.restart],
    ["remounts", mounts.reload],
    ["mounts", mounts.mount],
    ["keeps until the next boot", mounts.leave],
    ["swaps off", mounts.swapoff],
    ["swaps on", mounts.swapon],
  ] as const;
  const texts = words
    .filter(([, list]) => list.length > 0)
    .map(([word, list]) => `${word} ${list.join(", ")}`);
  return texts.length === 0 ? [] : [["file systems", printableLine(texts.join("; "))]];
}

/** Sizes differ a little from node to node: the largest is what to reckon with. */
function sizeRows({ kind, nodes }: GroupText, paint: Paint): Row[] {
  if (kind === "same" || kind === "leaves" || kind === "unknown") return [];
  const known = nodes.flatMap((node) => node.bytes ?? []);
  const largest = known.toSorted((a, b) => b.missing - a.missing)[0];
  const least = nodes.length > 1 && known.length > 1 ? "at most " : "";
  const text =
    largest === undefined || known.length < nodes.length
      ? "unknown: a closure list could not be had"
      : `${least}${bytes(largest.missing)} in ${largest.paths} paths, unpacked`;
  return [["gets", text], ...spaceRow("store", nodes, paint), ...spaceRow("boot", nodes, paint)];
}

function spaceRow(what: "store" | "boot", nodes: readonly NodeText[], paint: Paint): Row[] {
  const judged = nodes.flatMap((node) =>
    node.space === null ? [] : { name: nameOf(node), verdict: node.space[what] },
  );
  const title = { store: "store", boot: "boot partition" }[what];
  return judged.length === 0 ? [] : [[title, spaceText(judged, paint)]];
}

/** Words are never cut: names of units are copied from here. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}
