/** SHELL. A path by which the running kernel is told: its command line, its release, a module. */
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import type { EntryFacts } from "@chimera/proto/drift";
import { attempt } from "../../errno-outcome.ts";
import { readSmallFile } from "../../read-small-file.ts";
import { openNow, whileOurs, type MachineSight } from "./machine-sight.ts";
import { managed, notManaged, type Sighted, type Viewer } from "./view.ts";

const told = "only a restart changes it";
const textBytes = 65_536;

interface KernelPath {
  /** Where the closure says it, below the booted system. */
  entry: string;
  expected: (booted: string) => Promise<string | null>;
  now: () => Promise<string | null>;
  because: string;
}

export function createKernelViewer(sight: MachineSight): Viewer {
  return async (path) => {
    const asked = kernelPath(sight, path);
    if (asked !== null) return whileOurs(sight, "kernel", () => viewBooted(sight, path, asked));
    if (!path.startsWith("/proc/sys/")) return null;
    const because = "parameters that are set while the kernel runs (sysctl) are not compared";
    return notManaged(null, { kind: "outside", because });
  };
}

async function viewBooted(sight: MachineSight, path: string, asked: KernelPath): Promise<Sighted> {
  const { run } = sight.places;
  if (existsSync(`${run}/systemd/container`)) {
    const because = "a container has no kernel of its own: what it sees is that of the machine around it";
    return notManaged("kernel", { kind: "undeclared", because });
  }
  const booted = attempt(() => readlinkSync(`${run}/booted-system`));
  if (booted.kind === "failed") {
    const reason = "nobody says with which system this machine was started";
    return notManaged("kernel", { kind: "unknown", reason });
  }
  const toplevel = booted.value;
  return managed("kernel", {
    toplevel,
    entry: `${toplevel}/${asked.entry}`,
    expected: fact(await asked.expected(toplevel)),
    because: asked.because,
    open: (await openNow(sight, path, "kernel")).open,
    now: fact(await asked.now()),
    told,
  });
}

/** Null for a path by which nothing of the kernel is told. */
function kernelPath({ places }: MachineSight, path: string): KernelPath | null {
  const { proc, sys } = places;
  if (path === "/proc/cmdline") {
    return {
      entry: "kernel-params",
      expected: (booted) => textOf(`${booted}/kernel-params`),
      now: () => textOf(`${proc}/cmdline`),
      because: "the booted system asks for these parameters; what boot loaders add by themselves is left out",
    };
  }
  if (path === "/proc/sys/kernel/osrelease") {
    return {
      entry: "kernel-modules/lib/modules",
      expected: (booted) => Promise.resolve(releasesOf(`${booted}/kernel-modules/lib/modules`)),
      now: () => textOf(`${proc}/sys/kernel/osrelease`),
      because: "the booted system has modules for this kernel, and for no other",
    };
  }
  if (path === "/proc/version") {
    return {
      entry: "kernel",
      expected: () => Promise.resolve("as the image of the booted system says of itself"),
      now: () => textOf(`${proc}/version`),
      because: "the booted system has one image of a kernel; that of x86 says which build it is",
    };
  }
  const name = /^\/sys\/module\/([^/]+)/.exec(path)?.[1];
  return name === undefined ? null : modulePath(`${sys}/module/${name}`);
}

function modulePath(folder: string): KernelPath {
  return {
    entry: "kernel-modules/lib/modules",
    expected: () => Promise.resolve("a module of the booted system, of this kernel's version, or none"),
    now: async () => ((await textOf(`${folder}/initstate`)) === null ? "not loaded, or built in" : "loaded"),
    because:
      "only modules of the booted system may be loaded; they are compared by name, and by the build that the linker named",
  };
}

async function textOf(file: string): Promise<string | null> {
  return (await readSmallFile(file, textBytes))?.trim() ?? null;
}

function releasesOf(folder: string): string | null {
  const names = attempt(() => readdirSync(folder));
  return names.kind === "done" ? names.value.join(" ") : null;
}

function fact(text: string | null): EntryFacts {
  return text === null ? { type: "missing" } : { type: "other", text: text.slice(0, 1024) };
}
