/** SHELL. systemd-boot, through its own tool: an entry that is booted once, while the default stays. */
import { existsSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import type { LoaderProtection } from "../../reconcile/preflight/preflight-facts.ts";
import { run, runOk } from "../run.ts";
import { findEntry } from "./find-entry.ts";

export interface Loader {
  /** As far as it was asked: before `ask` came back it is "none". */
  protection: () => LoaderProtection;
  /** Asks once in a boot; a process is started. */
  ask: () => Promise<void>;
  /** Id of the entry that boots this system; null without one. */
  entryOf: (toplevel: StorePath) => string | null;
  bootOnce: (entry: string) => Promise<void>;
  clearBootOnce: () => Promise<void>;
}

const toolMs = 30_000;

export function createLoader(boot = "/boot"): Loader {
  let protection: LoaderProtection | null = null;
  return {
    protection: () => protection ?? "none",
    async ask() {
      protection ??= await askProtection(boot);
    },
    entryOf: (toplevel) => findEntry(boot, toplevel),
    bootOnce: async (entry) => {
      await runOk("bootctl", ["set-oneshot", entry], { timeoutMs: toolMs });
    },
    async clearBootOnce() {
      // A loader that cannot boot an entry once has none to forget.
      if ((await askProtection(boot)) === "none") return;
      await runOk("bootctl", ["set-oneshot", ""], { timeoutMs: toolMs });
    },
  };
}

/** systemd-boot that was the one to boot this machine keeps LoaderEntryOneShot; any other loader here is no protection. */
async function askProtection(boot: string): Promise<LoaderProtection> {
  if (!existsSync(`${boot}/loader/entries`)) return "none";
  try {
    const { exitCode, stdout } = await run("bootctl", ["is-installed"], { timeoutMs: toolMs });
    return exitCode === 0 && stdout.trim() === "yes" ? "one-shot" : "none";
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "tool-missing") return "none";
    throw error;
  }
}
