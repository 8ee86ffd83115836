/** SHELL. systemd-boot, through its own tool: an entry that is booted once, while the default stays. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
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

/** What systemd-boot leaves behind when it was the one that booted this machine (the Boot Loader Interface). */
const efiVariables = "/sys/firmware/efi/efivars";
const loaderInfo = "LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/** Only the loader that booted this machine will boot it next, whatever else lies on the partition. */
export function isBootedBySystemdBoot(variables: string): boolean {
  const file = `${variables}/${loaderInfo}`;
  if (!existsSync(file)) return false;
  // Four bytes of attributes, then UTF-16.
  return readFileSync(file).subarray(4).toString("utf16le").startsWith("systemd-boot");
}

/** Where there are no variables, as in a container, its own tool is asked. */
async function askProtection(boot: string): Promise<LoaderProtection> {
  if (!existsSync(`${boot}/loader/entries`)) return "none";
  const hasVariables = existsSync(efiVariables) && readdirSync(efiVariables).length > 0;
  if (hasVariables && !isBootedBySystemdBoot(efiVariables)) return "none";
  try {
    const { exitCode, stdout } = await run("bootctl", ["is-installed"], { timeoutMs: toolMs });
    return exitCode === 0 && stdout.trim() === "yes" ? "one-shot" : "none";
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "tool-missing") return "none";
    throw error;
  }
}
