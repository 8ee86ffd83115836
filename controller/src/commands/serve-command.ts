/** SHELL. `chimera-controller serve`. */
import { Command } from "commander";
import { readConfig } from "../config.ts";
import { configOption, examples } from "./config-option.ts";
import { stderrLog } from "./stderr-log.ts";
import { untilSignal } from "./until-signal.ts";

export function serveCommand(version: string): Command {
  return new Command("serve")
    .description("run the controller until SIGTERM or SIGINT")
    .addOption(configOption())
    .addHelpText("after", examples("chimera-controller serve --config /etc/chimera/controller.json"))
    .action(async (options: { config: string }) => {
      const config = readConfig(options.config);
      // Loaded here, so that `token` and `node` start at once.
      const { startController } = await import("./serve.ts");
      const controller = await startController(config, stderrLog(version, config.logLevel), { version });
      await untilSignal();
      await controller.close();
    });
}
