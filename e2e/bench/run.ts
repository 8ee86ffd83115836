// SHELL. Bench `run`: what `chimera run true` costs in a warm environment: at a terminal to its end, in a pipe, detached.
import type { Report } from "../lab/report.ts";
import { percentiles, spread, type Figure } from "./figures.ts";
import { createRunStage, type Timing } from "./run/stage.ts";

const rounds = 40;
const peerRounds = 20;
const boundMs = 300;

/** Bench `sessions` takes these figures among its own. */
export async function run(report: Report): Promise<Figure[]> {
  await using stage = await createRunStage(report);
  report("a plain `true`, and the same by nix develop");
  const bare = median(await stage.measure({ words: ["true"], rounds, atTerminal: false }));
  const nix = [...stage.nix, "develop", stage.flake, "-c", "true"];
  const peerMs = await stage.measure({ words: nix, rounds: peerRounds, atTerminal: false });
  const peer = {
    name: "nix-develop",
    ...spread(over(peerMs, bare)),
    settings: "the same devShell, its evaluation cached by Nix, in a pipe",
  };
  const figure = async (name: string, timing: Timing): Promise<Figure> => {
    report(`${name}: ${timing.words.join(" ")}`);
    const samples = over(await stage.measure(timing), bare);
    const found = percentiles(name, samples, { unit: "ms", bounds: { p50: boundMs } });
    const ratio = Math.round((spread(samples).p50 / peer.p50) * 1000) / 1000;
    return { ...found, peers: [{ ...peer, ratio }] };
  };
  const words = [...stage.chimera, "run", "--", "true"];
  const detached = [...stage.chimera, "run", "-d", "--", "true"];
  return [
    await figure("run_overhead_ms", { words, rounds, atTerminal: true }),
    await figure("run_overhead_ms, in a pipe", { words, rounds, atTerminal: false }),
    await figure("run_overhead_ms, detached", { words: detached, rounds, atTerminal: false }),
  ];
}

function over(samples: readonly number[], bare: number): number[] {
  return samples.map((ms) => Math.max(0, ms - bare));
}

function median(samples: readonly number[]): number {
  return spread(samples).p50;
}
