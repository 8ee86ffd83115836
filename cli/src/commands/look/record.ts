/** SHELL. `chimera record play FILE`. */
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";

const PlayOptions = z.object({
  speed: z.coerce.number("a number").positive("more than 0").max(1000, "at most 1000").default(1),
  idle: z.coerce.number("a number of seconds").min(0, "not below 0").max(3600, "at most an hour").default(3),
});

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples(["chimera attach --record deploy.cast n1/deploy-7", "chimera record play deploy.cast"]),
  );
  command
    .command("play")
    .description(
      "Show a recording (asciicast version 2) as it went: what chimera attach --record or a node has written, or another program. Ctrl-C leaves it. In a pipe: its bytes, at once.",
    )
    .argument("<file>", "the recording; - is what comes on standard input")
    .option("--speed <times>", "so many times as fast (default: 1)")
    .option("--idle <seconds>", "no pause is longer than that (default: 3)")
    .addHelpText(
      "after",
      examples([
        "chimera record play deploy.cast",
        "chimera record play --speed 4 --idle 0.5 deploy.cast",
        "ssh root@web-1 cat /var/lib/chimera/sessions/exec-3fa98c01b2d4/recording.cast | chimera record play -",
      ]),
    )
    .action(async (file: unknown, options: unknown) =>
      play(io, z.string().parse(file), parseOptions(PlayOptions, options)),
    );
}

async function play(io: Io, file: string, { speed, idle }: z.infer<typeof PlayOptions>): Promise<void> {
  const { readCast } = await import("../../sessions/record/read-cast.ts");
  const { playCast } = await import("../../sessions/record/play-cast.ts");
  await playCast(io, await readCast(file), { speed, idleMs: idle * 1000 });
}
