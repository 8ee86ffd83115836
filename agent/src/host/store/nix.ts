/** SHELL. Nix: brings a closure into the store without ever building, and says what is registered there. */
import { stripVTControlCharacters } from "node:util";
import { ChimeraError } from "@chimera/proto/errors";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import type { StorePath } from "@chimera/proto/names";
import { toSri } from "@chimera/proto/nix/nar-hash";
import { inStore, PathFacts, pathInfoShapes } from "@chimera/proto/nix/path-info-shapes";
import { z } from "zod";
import { run, runOk } from "../run.ts";

export interface FetchSource {
  substituters: readonly string[];
  trustedPublicKeys: readonly PublicKeyText[];
  netrcFile: string;
}

export interface FetchWatch {
  signal: AbortSignal;
  /** Bytes of NARs that arrived in this fetch. */
  onBytes: (bytes: number) => void;
}

export const nixCommand = ["--extra-experimental-features", "nix-command"];
const fetchTimeoutMs = 6 * 3600_000;

/** Only what the arguments name is trusted: neither the machine's substituters nor its keys, and never a build. */
export function fetchArguments(toplevel: StorePath, source: FetchSource): string[] {
  return [
    ...nixCommand,
    "build",
    toplevel,
    "--no-link",
    "--max-jobs",
    "0",
    "--log-format",
    "internal-json",
    ...sourceOptions(source),
  ];
}

/** For whatever takes paths from somewhere. */
export function sourceOptions(source: FetchSource): string[] {
  const options: Record<string, string> = {
    substituters: source.substituters.join(" "),
    "extra-substituters": "",
    "trusted-public-keys": source.trustedPublicKeys.join(" "),
    "extra-trusted-public-keys": "",
    "require-sigs": "true",
    substitute: "true",
    fallback: "false",
    builders: "",
    "netrc-file": source.netrcFile,
    "narinfo-cache-negative-ttl": "0",
    "connect-timeout": "10",
    "stalled-download-timeout": "60",
    "download-attempts": "3",
  };
  return Object.entries(options).flatMap(([name, value]) => ["--option", name, value]);
}

/** Throws closure-unavailable with Nix's own words. */
export async function fetchClosure(
  toplevel: StorePath,
  source: FetchSource,
  watch: FetchWatch,
): Promise<void> {
  const messages: string[] = [];
  const copied = new Map<number, number>();
  const onNote = (note: Note) => {
    if (note.action === "msg" && note.level <= levelWarning) messages.push(note.raw_msg || note.msg);
    if (note.action === "start" && note.type === activityCopyPath) copied.set(note.id, 0);
    if (note.action !== "result" || note.type !== resultProgress || !copied.has(note.id)) return;
    copied.set(note.id, Number(note.fields[0] ?? 0));
    watch.onBytes([...copied.values()].reduce((sum, bytes) => sum + bytes, 0));
  };
  const result = await run("nix", fetchArguments(toplevel, source), {
    timeoutMs: fetchTimeoutMs,
    signal: watch.signal,
    onLine: (line) => {
      const note = parseNote(line);
      if (note !== undefined) onNote(note);
    },
  });
  if (result.exitCode === 0) return;
  throw new ChimeraError("closure-unavailable", `${toplevel} could not be fetched`, {
    cause: new Error(stripEscapes(messages.slice(-4).join("; ")) || result.stderr.slice(-500)),
  });
}

/** Numbers of Nix's logging.hh; unknown ones are passed over. */
const activityCopyPath = 100;
const resultProgress = 105;
const levelWarning = 1;

const Note = z.object({
  action: z.string(),
  type: z.number().default(-1),
  id: z.number().default(-1),
  level: z.number().default(9),
  msg: z.string().default(""),
  raw_msg: z.string().default(""),
  fields: z.array(z.unknown()).default([]),
});
type Note = z.infer<typeof Note>;

/** A line of `--log-format internal-json`: "@nix {…}"; undefined for anything else. */
export function parseNote(line: string): Note | undefined {
  if (!line.startsWith("@nix {")) return undefined;
  try {
    return Note.safeParse(JSON.parse(line.slice(5))).data;
  } catch {
    return undefined;
  }
}

function stripEscapes(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\s+/g, " ").trim();
}

export interface RegisteredPath {
  narHash: string;
  narSize: number;
  references: string[];
}

/** Every path of the closure as the store has it registered. Throws closure-unavailable when it is not whole. */
export async function registeredClosure(toplevel: StorePath): Promise<Map<string, RegisteredPath>> {
  const args = [...nixCommand, "path-info", "--json", "--recursive", toplevel];
  const { stdout } = await runOk("nix", args, { timeoutMs: 300_000, maxBytes: 256 << 20 });
  return parsePathInfo(stdout);
}

/** A path that is not valid has no facts. Throws closure-unavailable for what no known Nix prints. */
export function parsePathInfo(json: string): Map<string, RegisteredPath> {
  const known = pathInfoShapes(JSON.parse(json), PathFacts);
  if (known === undefined)
    throw new ChimeraError("closure-unavailable", "nix path-info printed JSON of a shape that is not known");
  return new Map(known.flatMap(([path, facts]) => (facts === null ? [] : [[path, registered(facts)]])));
}

function registered({ narHash, narSize, references }: z.infer<typeof PathFacts>): RegisteredPath {
  // What is no SHA-256 equals no signed one.
  return {
    narHash: toSri(narHash) ?? JSON.stringify(narHash),
    narSize,
    references: references.map(inStore).toSorted(),
  };
}

/** Never `--rollback`: it takes the number below, not what ran. */
export async function setProfile(toplevel: StorePath): Promise<void> {
  await runOk("nix-env", ["-p", "/nix/var/nix/profiles/system", "--set", toplevel], { timeoutMs: 120_000 });
}
