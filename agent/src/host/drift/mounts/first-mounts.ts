/** SHELL. What was mounted over /etc when the agent first started after this boot: nobody of whom it knows has changed anything then. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { lateMinutes, mountMark, type FirstMounts } from "../../../reconcile/drift/mounts/rightful-mounts.ts";
import { bootId, uptimeMs } from "../../boot-clock.ts";
import { attempt } from "../../errno-outcome.ts";
import { processStart } from "../../process-start.ts";
import { peekStateFile } from "../../state/state-file.ts";
import { readMounts } from "./read-mounts.ts";

const Record = z.object({
  v: z.literal(1),
  boot: z.string(),
  /** Marks. */
  mounts: z.array(z.string().max(16_384)).max(256),
  lateMinutes: z.int().min(0).nullable().default(null),
});

/** Beyond these a mount that was there counts as somebody's change. */
const mostMounts = 128;
/** As the kernel shows them to programs, whatever it counts itself. */
const msPerTick = 10;

/** Where they cannot be written down, another agent of this boot takes what it finds itself. */
export function openFirstMounts({ stateDir, etcDir }: { stateDir: string; etcDir: string }): FirstMounts {
  const file = `${stateDir}/boot-mounts.json`;
  // Containers have the boot of the machine around them: what is their own is when their init began.
  const began = processStart(1);
  const boot = `${bootId()} ${began ?? "unknown"}`;
  const known = peekStateFile(file, Record);
  if (known?.boot === boot) return { marks: new Set(known.mounts), lateMinutes: known.lateMinutes };
  const found = readMounts().filter(({ target }) => target === etcDir || target.startsWith(`${etcDir}/`));
  const mounts = found.slice(0, mostMounts).map(mountMark);
  const late = lateMinutes(uptimeMs() - Number(began ?? 0) * msPerTick);
  attempt(() => {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, JSON.stringify({ v: 1, boot, mounts, lateMinutes: late }), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  });
  return { marks: new Set(mounts), lateMinutes: late };
}
