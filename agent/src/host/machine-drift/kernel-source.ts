/** SHELL. The running kernel against the system that was booted: parameters, release, modules. Only a restart changes it, so it is only told. */
import type { DriftItem } from "@chimera/proto/drift";
import { existsSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { buildIdOf } from "../../reconcile/machine-drift/build-ids.ts";
import {
  buildOfImage,
  compareBuild,
  foreignModules,
  moduleFiles,
  plainModuleName,
} from "../../reconcile/machine-drift/kernel-modules.ts";
import { compareParameters } from "../../reconcile/machine-drift/kernel-parameters.ts";
import { attempt } from "../errno-outcome.ts";
import { readBytes } from "../drift/evidence/read-bytes.ts";
import { readSmallFile } from "../read-small-file.ts";
import type { MachinePlaces } from "./machine-places.ts";
import { createModuleBuilds, type ModuleBuilds, type ModuleFile } from "./module-builds.ts";
import { nothing, type Look, type MachineSource } from "./machine-source.ts";

const textBytes = 65_536;
const listBytes = 16 * 1024 * 1024;
const noteBytes = 4096;
/** Its text lies within the setup code of a kernel image. */
const headBytes = 65_536;
const mostFindings = 64;

interface State {
  places: MachinePlaces;
  builds: ModuleBuilds;
}

export function createKernelSource(places: MachinePlaces): MachineSource {
  const state: State = { places, builds: createModuleBuilds() };
  return { of: "kernel", look: () => look(state), watched: [] };
}

/** A container has no kernel of its own: what it sees is that of the machine around it. */
async function look(state: State): Promise<Look> {
  const { places } = state;
  if (existsSync(`${places.run}/systemd/container`)) return nothing;
  const booted = attempt(() => readlinkSync(`${places.run}/booted-system`));
  if (booted.kind === "failed") return nothing;
  const { items: ofModules, problems } = await modules(state, `${booted.value}/kernel-modules/lib/modules`);
  const items = [
    ...(await parameters(places, booted.value)),
    ...(await kernelBuild(places, booted.value)),
    ...ofModules,
  ];
  return {
    findings: items
      .slice(0, mostFindings)
      .map((item) => ({ item, revert: null, why: "only a restart changes it" })),
    managed: 3,
    problems,
  };
}

/** A kernel image of x86 says in its head what the running kernel says of itself; other machines' do not. */
async function kernelBuild({ proc }: MachinePlaces, booted: string): Promise<DriftItem[]> {
  const image = attempt(() => realpathSync(`${booted}/kernel`));
  const head = image.kind === "failed" ? null : await readBytes(image.value, headBytes);
  const named = head === null ? null : buildOfImage(head.bytes);
  const [release, version] = await Promise.all(
    ["osrelease", "version"].map((name) => readSmallFile(`${proc}/sys/kernel/${name}`, textBytes)),
  );
  if (named === null || typeof release !== "string" || typeof version !== "string") return [];
  const item = compareBuild(named, { release: release.trim(), version: version.trim() });
  return item === null ? [] : [item];
}

async function parameters({ proc }: MachinePlaces, booted: string): Promise<DriftItem[]> {
  const [declared, found] = await Promise.all(
    [`${booted}/kernel-params`, `${proc}/cmdline`].map((file) => readSmallFile(file, textBytes)),
  );
  if (typeof declared !== "string" || typeof found !== "string") return [];
  const item = compareParameters(declared, found);
  return item === null ? [] : [item];
}

interface Modules {
  items: DriftItem[];
  problems: string[];
}

async function modules({ places, builds }: State, folder: string): Promise<Modules> {
  const { proc, sys } = places;
  const release = (await readSmallFile(`${proc}/sys/kernel/osrelease`, textBytes))?.trim();
  const releases = attempt(() => readdirSync(folder));
  if (release === undefined || releases.kind === "failed") return { items: [], problems: [] };
  if (!releases.value.includes(release))
    return { items: [otherRelease(releases.value, release)], problems: [] };
  const list = (await readSmallFile(`${folder}/${release}/modules.dep`, listBytes)) ?? "";
  const loaded = await loadedModules(`${sys}/module`);
  const known = moduleFiles(list);
  const byName = [...foreignModules([...loaded.keys()], known), ...forcedModules(loaded)];
  const rightful = [...loaded].flatMap(([name, { buildId, taint }]) => {
    const file = known.get(plainModuleName(name));
    return file === undefined ? [] : [{ name, buildId, taint, file: `${folder}/${release}/${file}` }];
  });
  const { items, problems } = await compareBuilds(builds, rightful);
  return { items: [...byName, ...items], problems };
}

interface RightfulModule {
  name: string;
  taint: string;
  buildId: string | null;
  file: string;
}

/** A module of a known name may be another build: the linker names each build, and the loaded module shows that name. */
async function compareBuilds(builds: ModuleBuilds, loaded: readonly RightfulModule[]): Promise<Modules> {
  const named = loaded.filter(({ buildId }) => buildId !== null);
  const mute = loaded.filter(({ buildId }) => buildId === null).map(({ name }) => name);
  const problems =
    mute.length === 0 ? [] : [`modules say of no build that they are: ${mute.join(" ").slice(0, 512)}`];
  const problem = await builds.read(named.map(({ file }) => file));
  if (problem !== null) problems.push(`${buildsUnseen}: ${problem}`);
  return { items: named.flatMap((module) => otherBuild(module, builds.of(module.file))), problems };
}

const buildsUnseen = "whether loaded modules are those of the booted system is not known";

/** The build of its own file counts: that of another module of the same closure is another one too. */
function otherBuild(
  { name, buildId, taint, file }: RightfulModule,
  known: ModuleFile | undefined,
): DriftItem[] {
  if (known === undefined || buildId === null) return [];
  const isOther = !known.buildIds.has(buildId);
  // O: the kernel noted when it loaded it that the module does not say that it is of its tree.
  const isForeign = known.isInTree && taint.includes("O");
  if (!isOther && !isForeign) return [];
  const found = isOther ? `another build, ${buildId}` : "a module that is not of the kernel's own tree";
  return [
    {
      path: `/sys/module/${name}`,
      kind: "kernel",
      expected: { type: "other", text: `the build in ${file}`.slice(0, 1024) },
      found: { type: "other", text: found },
    },
  ];
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

interface LoadedModule {
  /** Flags. */
  taint: string;
  buildId: string | null;
}

/** What is built in has no state of loading. */
async function loadedModules(folder: string): Promise<ReadonlyMap<string, LoadedModule>> {
  const names = attempt(() => readdirSync(folder));
  const loaded = new Map<string, LoadedModule>();
  for (const name of names.kind === "done" ? names.value : []) {
    const state = await readSmallFile(`${folder}/${name}/initstate`, textBytes);
    if (state?.trim() !== "live") continue;
    const taint = (await readSmallFile(`${folder}/${name}/taint`, textBytes)) ?? "";
    const note = await readBytes(`${folder}/${name}/notes/.note.gnu.build-id`, noteBytes);
    loaded.set(name, { taint, buildId: note === null ? null : buildIdOf(note.bytes) });
  }
  return loaded;
}

/** F: somebody loaded it although the kernel said that it is of another version. */
function forcedModules(loaded: ReadonlyMap<string, LoadedModule>): DriftItem[] {
  return [...loaded].flatMap(([name, { taint }]) => {
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
