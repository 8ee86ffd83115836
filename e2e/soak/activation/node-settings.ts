// SHELL. What is wrong with a node already when an order comes.
import type { Host } from "../../lab/host.ts";
import type { Scenario } from "./scenarios.ts";

export interface Systems {
  from: string;
  to: string;
}

/** Answers how it is undone; where a restart did that already, undoing it does nothing. */
export async function applySetting(
  host: Host,
  setting: Scenario["setting"],
  { from }: Systems,
): Promise<() => Promise<void>> {
  switch (setting) {
    case "none":
      return () => Promise.resolve();
    case "no-way-back": {
      const program = `${from}/bin/switch-to-configuration`;
      await host.runChecked(["mount", "--bind", "/usr/bin/false", program]);
      return async () => {
        await host.run(["umount", program]);
      };
    }
  }
}
