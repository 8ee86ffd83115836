/** SHELL. `chimera completion SHELL`, and the hidden `chimera complete` that the script asks at every Tab. */
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { examples } from "../options.ts";

/** Every command must be defined already: their options are what is completed. */
export function attachCompletion(program: Command): void {
  tab(program, { completionCommandName: "completion" });
  program.commands
    .find((command) => command.name() === "completion")
    ?.summary("print a completion script for a shell")
    .addHelpText(
      "after",
      examples([
        "chimera completion bash > /etc/bash_completion.d/chimera",
        "source <(chimera completion zsh)",
        "chimera completion fish > ~/.config/fish/completions/chimera.fish",
      ]),
    );
}
