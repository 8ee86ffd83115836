/** PURE. What of the running kernel and its modules is another one's than the booted system's. */
import type { DriftItem } from "@chimera/proto/drift";

/** `-` and `_` are one in the names of modules. */
export function plainModuleName(name: string): string {
  return name.replaceAll("-", "_");
}

/** Files by plain name, below the folder of a release. */
export function moduleFiles(modulesDep: string): ReadonlyMap<string, string> {
  return new Map(
    modulesDep.split("\n").flatMap((line) => {
      const [, file, name] = /^((?:[^:]*\/)?([^/:]+)\.ko(?:\.[a-z]+)?):/.exec(line) ?? [];
      const isBelow = file !== undefined && !file.startsWith("/") && !file.split("/").includes("..");
      return name !== undefined && isBelow ? [[plainModuleName(name), file] as const] : [];
    }),
  );
}

/** Modules that are loaded though the booted kernel's own folder has none of that name. */
export function foreignModules(loaded: readonly string[], known: ReadonlyMap<string, string>): DriftItem[] {
  if (known.size === 0) return [];
  return loaded
    .filter((name) => !known.has(plainModuleName(name)))
    .map((name) => ({
      path: `/sys/module/${name}`,
      kind: "kernel",
      expected: { type: "missing" },
      found: { type: "other", text: "loaded, and not a module of the booted system" },
    }));
}

const magicAt = 0x202;
const versionAt = 0x20e;
const setupBytes = 0x200;
const longest = 512;

/** What an image of x86 says of itself, as its release and the rest; null for another image. */
export function buildOfImage(head: Buffer): string | null {
  if (head.length < versionAt + 2 || head.toString("latin1", magicAt, magicAt + 4) !== "HdrS") return null;
  const at = head.readUInt16LE(versionAt) + setupBytes;
  const end = head.indexOf(0, at);
  return end <= at || end - at > longest ? null : head.toString("latin1", at, end);
}

/** The image names who built it in between, which the running kernel says elsewhere. */
export function compareBuild(
  image: string,
  { release, version }: { release: string; version: string },
): DriftItem | null {
  if (image.startsWith(`${release} `) && image.endsWith(` ${version}`)) return null;
  return {
    path: "/proc/version",
    kind: "kernel",
    expected: { type: "other", text: image },
    found: { type: "other", text: `${release} ${version}`.slice(0, 1024) },
  };
}
