/** PURE. The kernel's command line against what the booted system asks for. Changing it is a restart's business. */
import type { DriftItem } from "@chimera/proto/drift";

const path = "/proc/cmdline";
const shownChars = 1024;

/** What boot loaders add by themselves. */
const loadersOwn = /^(init|initrd|BOOT_IMAGE|systemd\.machine_id|initramfs)=/;

/** Null when both agree. Order does not count. */
export function compareParameters(declared: string, found: string): DriftItem | null {
  const [wanted, running] = [wordsOf(declared), wordsOf(found)];
  const missing = wanted.filter((word) => !running.includes(word));
  const added = running.filter((word) => !wanted.includes(word) && !loadersOwn.test(word));
  if (missing.length === 0 && added.length === 0) return null;
  return {
    path,
    kind: "kernel",
    expected: { type: "other", text: shown("without", missing) },
    found: { type: "other", text: shown("with", added) },
  };
}

/** The system that this boot was started with, as the loader says it: null where nobody says. */
export function bootedToplevel(commandLine: string): string | null {
  return (
    /(?:^|\s)init=(\/nix\/store\/[^\s/]+(?:\/specialisation\/[^\s/]+)?)\/init(?:\s|$)/.exec(
      commandLine,
    )?.[1] ?? null
  );
}

function shown(word: string, words: readonly string[]): string {
  return words.length === 0 ? "as declared" : `${word} ${words.join(" ")}`.slice(0, shownChars);
}

/** A quoted value may hold blanks. */
function wordsOf(text: string): string[] {
  return text.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
}
