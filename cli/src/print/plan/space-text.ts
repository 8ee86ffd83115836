/** PURE. Whether there is room, for people: who lacks it first, and of whom nothing is known, with the reason. */
import { mebibytesUp } from "@chimera/proto/system/space";
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { bytes } from "../units.ts";
import { namesText } from "./names-text.ts";

interface Measured {
  neededBytes: number;
  freeBytes: number | null;
  reserveBytes: number | null;
}

type Ok = Measured & { kind: "ok" };
type Lacks = Measured & { kind: "lacks"; missingBytes: number };
type Unknown = { kind: "unknown"; because: string; neededBytes: number | null };
export type SpaceText = Ok | Lacks | Unknown;

export interface JudgedText {
  name: string;
  verdict: SpaceText;
}

/** Of one group of nodes: where they are not all alike, they are named. */
export function spaceText(judged: readonly JudgedText[], paint: Paint): string {
  const groups = Map.groupBy(judged, ({ verdict }) =>
    verdict.kind === "unknown" ? `unknown ${verdict.because}` : verdict.kind,
  );
  const texts = [...groups.values()].map((some) => {
    const where = some.length === judged.length ? "" : ` on ${namesText(some.map(({ name }) => name))}`;
    return {
      kind: some[0]?.verdict.kind,
      text: groupText(
        some.map(({ verdict }) => verdict),
        where,
      ),
    };
  });
  return ["lacks", "ok", "unknown"]
    .flatMap((kind) => texts.filter((one) => one.kind === kind))
    .map(({ kind, text }) => (kind === "lacks" ? paint("red", text) : text))
    .join("; ");
}

function groupText(verdicts: readonly SpaceText[], where: string): string {
  const [tightest] = verdicts.toSorted((a, b) => roomLeft(a) - roomLeft(b));
  if (tightest === undefined) return "";
  switch (tightest.kind) {
    case "ok":
      return `ok${where}: ${factsText(tightest, verdicts.length > 1 ? "at least " : "")}`;
    case "lacks": {
      const [most, least] = verdicts.length > 1 ? ["up to ", "as little as "] : ["", ""];
      const lack = `${most}${mebibytesUp(tightest.missingBytes)}`;
      return `lacks ${lack}${where}: ${factsText(tightest, least)}`;
    }
    case "unknown": {
      const needed = tightest.neededBytes === null ? "" : ` (${neededText(tightest.neededBytes)})`;
      return `unknown${where}, because ${printableLine(tightest.because)}${needed}`;
    }
  }
}

/** Below 0 where something is missing; the least is told. */
function roomLeft(verdict: SpaceText): number {
  if (verdict.kind === "unknown") return -(verdict.neededBytes ?? 0);
  const { freeBytes, reserveBytes, neededBytes } = verdict;
  return (freeBytes ?? Infinity) - (reserveBytes ?? 0) - neededBytes;
}

function factsText({ neededBytes, freeBytes, reserveBytes }: Measured, least: string): string {
  if (freeBytes === null) return neededText(neededBytes);
  return `${neededText(neededBytes)}, ${least}${bytes(freeBytes)} free (${bytes(reserveBytes ?? 0)} must stay free)`;
}

function neededText(neededBytes: number): string {
  return neededBytes === 0 ? "nothing new" : `${bytes(neededBytes)} new`;
}
