/** SHELL. The decision about a run: looks around, and asks flakes for as long as the decision asks for them. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../../io.ts";
import { decideEnvironment, type Decision } from "../decide/decide-environment.ts";
import type { FlakeOutputs, Surroundings } from "../decide/surroundings.ts";
import type { Asked } from "../record/run-record.ts";
import { lookAround } from "./look-around.ts";

export interface Decided extends Decision {
  around: Surroundings;
}

export async function decideRun(io: Io, asked: Asked): Promise<Decided> {
  const seen = await lookAround(io, asked);
  const flakes = new Map<string, FlakeOutputs>();
  for (;;) {
    const around = { ...seen, flakes };
    const verdict = decideEnvironment(around);
    if (verdict.kind === "decided") return { ...verdict.decision, around };
    if (verdict.kind === "refused") throw new ChimeraError(verdict.code, verdict.message);
    const { askFlake } = await import("./ask-flake.ts");
    flakes.set(verdict.folder, await askFlake(io, verdict.folder, around));
  }
}
