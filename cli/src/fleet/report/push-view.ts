/** SHELL. The three ways to watch closures go to the cache: a bar for a person, lines for a log, NDJSON for a program. */
import type { Io } from "../../io.ts";
import type { CopyProgress } from "../../nix/copy-progress.ts";
import type { Pushed } from "../../nix/push.ts";
import { printableJson } from "../../print/printable.ts";
import { bytesPerSecond, pushText } from "../../print/push-text.ts";
import { bytes } from "../../print/units.ts";

/** A log is not read faster. */
const quietMs = 1000;

export interface PushView {
  update: (progress: CopyProgress) => void;
  /** Takes the bar away; says what was pushed when it was. */
  end(pushed?: Pushed): void;
}

/** Which way the closures go, in words. */
interface CopyWords {
  doing: "pushing" | "fetching";
  done: "pushed" | "fetched";
  end: "to the cache" | "from the cache";
  first: string;
}

const pushing: CopyWords = {
  doing: "pushing",
  done: "pushed",
  end: "to the cache",
  first: "asking what the cache has",
};

export async function createPushView(io: Io, json: boolean, words = pushing): Promise<PushView> {
  const started = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - started);
  const view = json
    ? jsonView(io, elapsedMs, words)
    : io.errTty
      ? await barView(elapsedMs, words)
      : lineView(io, elapsedMs, words);
  return {
    update: (progress) => view.update(progress),
    end(pushed) {
      view.end();
      if (pushed === undefined) return;
      const { paths, narBytes } = pushed;
      const ms = elapsedMs();
      if (json) io.out(`${printableJson({ type: words.done, paths, narBytes, ms })}\n`);
      else
        io.err(
          `${words.done} ${paths} paths (${bytes(narBytes)}) ${words.end} in ${(ms / 1000).toFixed(1)} s\n`,
        );
    },
  };
}

async function barView(elapsedMs: () => number, { doing, first }: CopyWords): Promise<PushView> {
  // CommonJS: a bundle has its names on `default` only.
  const { default: progress } = await import("cli-progress");
  const format = { format: `${doing} {bar} {text}`, hideCursor: true, barsize: 24, clearOnComplete: true };
  const bar = new progress.SingleBar(format, progress.Presets.shades_classic);
  bar.start(1, 0, { text: first });
  return {
    update(pushed) {
      bar.setTotal(Math.max(1, pushed.bytes.total));
      bar.update(pushed.bytes.done, { text: pushText(pushed, elapsedMs()) });
    },
    end: () => bar.stop(),
  };
}

function lineView(io: Io, elapsedMs: () => number, { doing }: CopyWords): PushView {
  return seldom(elapsedMs, (progress, ms) => io.err(`${doing} ${pushText(progress, ms)}\n`));
}

function jsonView(io: Io, elapsedMs: () => number, { doing }: CopyWords): PushView {
  return seldom(elapsedMs, (progress, ms) => {
    const rate = bytesPerSecond(progress.bytes.done, ms);
    io.out(`${printableJson({ type: doing, ...progress, bytesPerSecond: rate })}\n`);
  });
}

/** The first news at once, later ones not more often than they are read. */
function seldom(elapsedMs: () => number, tell: (progress: CopyProgress, ms: number) => void): PushView {
  let nextMs = 0;
  return {
    update(progress) {
      const ms = elapsedMs();
      if (ms < nextMs) return;
      nextMs = ms + quietMs;
      tell(progress, ms);
    },
    end: () => undefined,
  };
}
