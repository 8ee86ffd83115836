/** SHELL. The running kernel against the system that was booted: parameters, release, modules. Only a restart changes it, so it is only told. */
import type { DriftItem } from "@chimera/proto/drift";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { compareParameters, foreignModules } from "../../reconcile/machine-drift/kernel-parameters.ts";
import { attempt } from "../errno-outcome.ts";
import { readSmallFile } from "../read-small-file.ts";
import type { MachinePlaces } from "./machine-places.ts";
import { nothing, type Look, type MachineSource } from "./machine-source.ts";

const textBytes = 65_536;
const listBytes = 16 * 1024 * 1024;
const mostFindings = 64;

export function createKernelSource(places: MachinePlaces): MachineSource {
  return { of: "kernel", look: () => look(places), watched: [] };
}

/** A container has no kernel of its own: what it sees is that of the machine around it. */
async function look(places: MachinePlaces): Promise<Look> {
  if (existsSync(`${places.run}/systemd/container`)) return nothing;
  const booted = attempt(() => readlinkSync(`${places.run}/booted-system`));
  if (booted.kind === "failed") return nothing;
  const items = [
    ...(await parameters(places, booted.value)),
    ...(await modules(places, `${booted.value}/kernel-modules/lib/modules`)),
  ];
  return {
    findings: items
      .slice(0, mostFindings)
      .map((item) => ({ item, revert: null, why: "only a restart changes it" })),
    managed: 2,
  };
}

async function parameters({ proc }: MachinePlaces, booted: string): Promise<DriftItem[]> {
  const [declared, found] = await Promise.all(
    [`${booted}/kernel-params`, `${proc}/cmdline`].map((file) => readSmallFile(file, textBytes)),
  );
  if (typeof declared !== "string" || typeof found !== "string") return [];
  const item = compareParameters(declared, found);
  return item === null ? [] : [item];
}

async function modules({ proc, sys }: MachinePlaces, folder: string): Promise<DriftItem[]> {
  const release = (await readSmallFile(`${proc}/sys/kernel/osrelease`, textBytes))?.trim();
  const releases = attempt(() => readdirSync(folder));
  if (release === undefined || releases.kind === "failed") return [];
  if (!releases.value.includes(release)) return [otherRelease(releases.value, release)];
  const list = (await readSmallFile(`${folder}/${release}/modules.dep`, listBytes)) ?? "";
  const loaded = await loadedModules(`${sys}/module`);
  return [...foreignModules([...loaded.keys()], list), ...forcedModules(loaded)];
}

/** As when somebody started another kernel by kexec, or chose another entry by hand with this one's system. */
function otherRelease(releases: readonly string[], release: string): DriftItem {
  return {
    path: "/proc/sys/kernel/osrelease",
    kind: "kernel",
    expected: { type: "other", text: releases.join(" ").slice(0, 1024) },
    found: { type: "other", text: release.slice(0, 1024) },
  };
}

/** What is built in has no state of loading. By name, with its taint flags. */
async function loadedModules(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = attempt(() => readdirSync(folder));
  const loaded = new Map<string, string>();
  for (const name of names.kind === "done" ? names.value : []) {
    const state = await readSmallFile(`${folder}/${name}/initstate`, textBytes);
    if (state?.trim() === "live")
      loaded.set(name, (await readSmallFile(`${folder}/${name}/taint`, textBytes)) ?? "");
  }
  return loaded;
}

/** F: somebody loaded it although the kernel said that it is of another version. */
function forcedModules(loaded: ReadonlyMap<string, string>): DriftItem[] {
  return [...loaded].flatMap(([name, taint]) => {
    if (!taint.includes("F")) return [];
    return [
      {
        path: `/sys/module/${name}`,
        kind: "kernel" as const,
        expected: { type: "other" as const, text: "of this kernel's version" },
        found: { type: "other" as const, text: "loaded by force" },
      },
    ];
  });
}
