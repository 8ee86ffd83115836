// SHELL. Between two trials: the fleet at rest on one of the usual worlds, and none of their systems denied anywhere.
import { ChimeraError } from "@chimera/proto/errors";
import { waitUntil } from "../../lab/wait-until.ts";
import { labels, type SoakFleet } from "./soak-fleet.ts";

/** A fleet without waves onto one world, whatever it ran. Throws where even that does not end well. */
export async function deployAll(soak: SoakFleet, label: string): Promise<void> {
  const args = ["deploy", "--file", await soak.projectOf(label), "--timeout", "120", "--probation", "2"];
  const { code, stderr } = await soak.operator.run(args, { timeoutMs: 400_000 });
  if (code !== 0) throw new ChimeraError("rollout-failed", `deploy ${label}: ${stderr.slice(-1500)}`);
}

/** A node that lost power in the middle denies a system that is good: an operator pardons it. */
export async function pardonUsual(soak: SoakFleet): Promise<void> {
  const denied = [...new Set(await deniedNow(soak))];
  if (denied.length === 0) return;
  await soak.operator.ok(["quarantine", "pardon", ...denied, "--reason", "the trial before"]);
  await waitUntil("the pardon is known", async () => (await deniedNow(soak)).length === 0, {
    timeoutMs: 60_000,
    everyMs: 500,
  });
}

async function deniedNow(soak: SoakFleet): Promise<string[]> {
  const views = await soak.nodeViews();
  const all = views.flatMap(({ status }) => status?.quarantine ?? []);
  return all.filter((toplevel) => labels.some((label) => toplevel.endsWith(`-${label}`)));
}
