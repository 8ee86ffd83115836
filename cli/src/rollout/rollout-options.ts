/** SHELL. The options that say in which waves a fleet moves, on top of [rollout] of chimera.toml. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import { checkConsent } from "../fleet/head/consent.ts";
import { Amount, RolloutFile, Span } from "../fleet/head/plan-rollout.ts";

export function addRolloutOptions(command: Command): Command {
  return command
    .option("--waves <list>", 'who goes when: counts, shares, targets and "rest", as 1,@canary,25%,rest')
    .option("--no-waves", "everybody at once, whatever chimera.toml says")
    .option("--wave-order <target...>", "whose nodes go first within counts and shares")
    .option(
      "--max-failed <nodes>",
      "as many may fail before the rollout ends: a number or a share (default 0)",
    )
    .option("--on-failure <what>", "then: return (the whole fleet goes back) or pause")
    .option("--max-unavailable <nodes>", "as many of a wave may be on their way at once")
    .option("--proven <percent>", "of a wave, that must have committed before the next one goes (default 50)")
    .option("--deadline <span>", "after that nodes need not wait for the lead any longer, as 2h")
    .option("--on-deadline <what>", "then: hold or proceed")
    .option(
      "--consent <span>",
      "for how long the fleet may go back by itself, as 12h (default: as long as the rollout may last)",
    );
}

const { onFailure, onDeadline } = RolloutFile.shape;

/** By the names of the options. */
export const RolloutOptions = z.object({
  waves: z.union([z.string(), z.literal(false)]).optional(),
  waveOrder: z.array(z.string()).optional(),
  maxFailed: Amount.optional(),
  onFailure: onFailure.unwrap().optional(),
  maxUnavailable: Amount.optional(),
  proven: z.coerce.number().int("a whole number").min(1, "at least 1").max(100, "at most 100").optional(),
  deadline: Span.optional(),
  onDeadline: onDeadline.unwrap().optional(),
  consent: Span.optional(),
});
export type RolloutOptions = z.infer<typeof RolloutOptions>;

/** Null: everybody goes at once. Throws usage for limits of waves that there are none of. */
export function wantedRollout(options: RolloutOptions, file: RolloutFile | undefined): RolloutFile | null {
  const { waves } = options;
  if (typeof waves === "string") return overlay(baseOf(waves, file), options);
  if (waves !== false && file !== undefined) return overlay(file, options);
  const useless = limits.find((name) => options[name] !== undefined);
  if (useless === undefined) return null;
  const option = useless.replaceAll(/[A-Z]/gu, (mark) => `-${mark.toLowerCase()}`);
  throw new ChimeraError("usage", `--${option} says nothing without --waves or [rollout] in chimera.toml`);
}

const limits = [
  "waveOrder",
  "maxFailed",
  "onFailure",
  "maxUnavailable",
  "proven",
  "deadline",
  "onDeadline",
  "consent",
] as const satisfies (keyof RolloutOptions)[];

function baseOf(waves: string, file: RolloutFile | undefined): RolloutFile {
  const parsed = RolloutFile.safeParse({ waves: waves.split(",").map((wave) => wave.trim()) });
  if (!parsed.success) throw new ChimeraError("usage", "--waves: a list like 1,25%,rest");
  return { ...parsed.data, ...file, waves: parsed.data.waves };
}

/** What is typed comes first. */
function overlay(base: RolloutFile, typed: RolloutOptions): RolloutFile {
  const said = limits.flatMap((name) =>
    typed[name] === undefined ? [] : [[name === "waveOrder" ? "order" : name, typed[name]] as const],
  );
  const rollout: RolloutFile = { ...base, ...Object.fromEntries(said) };
  checkConsent(typed.consent, rollout.onFailure);
  return rollout;
}
