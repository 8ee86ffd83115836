// SHELL. What the machine itself shows: where it points, what runs on it, what is left over. One program reads it all.
import { z } from "zod";
import type { Host } from "../../lab/host/host.ts";
import { bootDefaultOf } from "../../lab/vm/read-boot-entries.ts";
import { glimpseOf, type JournalGlimpse } from "./journal-steps.ts";

export interface NodeFacts {
  current: string;
  profile: string;
  bootDefault: string;
  /** The word of systemd. */
  systemState: string;
  failedUnits: string[];
  /** Activations, boot entries, reverts, dead-men: nothing of the kind may be left at rest. */
  transientUnits: string[];
  /** Processes that drive the node. */
  agents: number[];
  /** The agent that says that it has nothing to do; 0 without one. */
  atRest: number;
  /** Undefined: there is none, or nobody can read it. */
  journal: JournalGlimpse | undefined;
  /** Systems that it will not activate again. */
  quarantine: string[];
  /** Milliseconds since its boot. */
  uptimeMs: number;
}

const script = `
fact() { printf '%s\\t%s\\n' "$1" "$(shift; "$@" 2>/dev/null | tr '\\n\\t' '  ')"; }
fact current readlink -f /run/current-system
fact profile readlink -f /nix/var/nix/profiles/system
fact bootDefault cat /boot/default
fact systemState systemctl is-system-running
fact failedUnits sh -c 'systemctl list-units --failed --plain --no-legend | cut -d" " -f1'
fact transientUnits sh -c 'ls /run/systemd/transient | grep ^chimera-; systemctl list-units --all --plain --no-legend "chimera-*-*" | cut -d" " -f1'
fact agents pgrep -f '[a]gent\\.mjs run '
fact atRest cat /run/chimera/at-rest
fact journal cat /var/lib/chimera/journal.json
fact quarantine sed -n 's/.*"quarantinedHere":\\[\\(.*\\)\\],"leaves".*/\\1/p' /var/lib/chimera/trust.json
fact uptime cut -d' ' -f1 /proc/uptime
`;

const Facts = z.object({
  current: z.string(),
  profile: z.string(),
  bootDefault: z.string(),
  systemState: z.string(),
  failedUnits: z.string().transform(words),
  transientUnits: z.string().transform((text) => [...new Set(words(text))]),
  agents: z.string().transform((text) => words(text).map(Number)),
  atRest: z.coerce.number(),
  journal: z.string().transform(glimpseOf),
  quarantine: z.string().transform((text) => text.match(/\/nix\/store\/[^"]+/g) ?? []),
  uptime: z.coerce.number(),
});

/** A machine that goes down in the middle of a question never answers it: it is asked again. */
const answerMs = 20_000;

export async function readFacts(host: Host): Promise<NodeFacts> {
  const printed = await host.runChecked(["/bin/sh", "-c", script], { timeoutMs: answerMs });
  const lines = printed.split("\n").map((line) => {
    const [name = "", value = ""] = line.split("\t");
    return [name, value.trim()] as const;
  });
  const { uptime, ...facts } = Facts.parse(Object.fromEntries(lines));
  const bootDefault = facts.bootDefault === "" ? await loaderDefault(host) : facts.bootDefault;
  return { ...facts, bootDefault, uptimeMs: Math.round(uptime * 1000) };
}

/** A VM has a real loader, which is asked. */
async function loaderDefault(host: Host): Promise<string> {
  return (await bootDefaultOf(host).catch(() => undefined)) ?? "";
}

function words(text: string): string[] {
  return text.split(" ").filter(Boolean);
}
