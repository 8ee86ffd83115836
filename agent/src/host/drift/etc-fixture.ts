/** For tests: a toplevel with a classic etc tree and an /etc that was activated from it, in a folder of their own. */
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { createEtcScope } from "../../reconcile/drift/etc-scope.ts";
import { openFirstMounts } from "./mounts/first-mounts.ts";
import { mountOverlay, unmountBelow } from "./overlay-fixture.ts";
import { startDrift, type DriftService } from "./drift-service.ts";
import { loadExpectedEtc, type ExpectedEtc } from "./etc-expected.ts";
import { createEvidence } from "./evidence.ts";
import { pathsBelow, snapshotEtc } from "./etc-snapshot.ts";
import { showing, type ShowingService, type ShowingOptions } from "./show/showing.ts";

export interface DeclaredFile {
  text: string;
  /** As in environment.etc: "symlink" (none written), "direct-symlink" or octal. */
  mode?: string;
  uid?: string;
  gid?: string;
}

export interface EtcFixture {
  root: string;
  etc: string;
  toplevel: string;
  stateDir: string;
  events: NodeEventBody[];
  start(options?: ShowingOptions): ShowingService;
  expected(): Promise<ExpectedEtc>;
  remove(): Promise<void>;
}

export const plainDeclaration: Readonly<Record<string, DeclaredFile>> = {
  hostname: { text: "n1\n" },
  mtab: { text: "mounts\n", mode: "direct-symlink" },
  sudoers: { text: "root ALL=(ALL) ALL\n", mode: "0440" },
  "ssh/sshd_config": { text: "Port 22\n" },
  "ssh/authorized_keys.d/root": { text: "ssh-ed25519 AAAA\n", mode: "0644", uid: "+0", gid: "+0" },
  "cron/jobs/nightly": { text: "0 3 * * * root true\n", mode: "0600", uid: "keeper", gid: "keepers" },
};

export type FixtureLayout = "classic" | "overlay" | "immutable";

export function createEtcFixture(
  declared = plainDeclaration,
  layout: FixtureLayout = "classic",
  base = tmpdir(),
): EtcFixture {
  const root = realpathSync(mkdtempSync(join(base, "chimera-drift-")));
  const [etc, stateDir] = [join(root, "etc"), join(root, "state")];
  mkdirSync(etc, { mode: 0o755 });
  const toplevel = buildToplevel(root, "one", declared);
  if (layout !== "classic") mountOverlay({ root, toplevel, layout });
  if (layout !== "immutable") writeAccounts(etc);
  if (layout === "classic") activate(toplevel, etc);
  // The agent's first start after the boot: what tests mount later is somebody's change.
  openFirstMounts({ stateDir, etcDir: etc });
  const [events, services]: [NodeEventBody[], DriftService[]] = [[], []];
  return {
    root,
    etc,
    toplevel,
    stateDir,
    events,
    start(options = {}) {
      const whole = { ...quietOptions({ root, toplevel, stateDir, etc, events }), ...options };
      const evidence = whole.evidence ?? createEvidence(whole.stateDir);
      const service = startDrift({ ...whole, evidence });
      services.push(service);
      return showing(service, whole, evidence);
    },
    expected: () => expectedOf(toplevel),
    async remove() {
      for (const service of services) await service.stop();
      unmountBelow(root);
      // Links have no flags, which it calls a failure.
      spawnSync("chattr", ["-R", "-f", "-i", "-a", root]);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function quietOptions(place: Pick<EtcFixture, "root" | "toplevel" | "stateDir" | "etc" | "events">) {
  return {
    toplevel: () => place.toplevel,
    mode: "revert" as const,
    isHeld: () => false,
    ignore: [],
    isSwitching: () => false,
    sweepMs: 3_600_000,
    log: createLog({ fields: {}, write: () => {} }),
    stateDir: place.stateDir,
    etcDir: place.etc,
    currentSystem: join(place.root, "current-system"),
    onEvent: (event: NodeEventBody) => place.events.push(event),
  };
}

function writeAccounts(etc: string): void {
  writeFileSync(join(etc, "passwd"), "root:x:0:0::/root:/bin/sh\nkeeper:x:4711:4712::/:/bin/sh\n");
  writeFileSync(join(etc, "group"), "root:x:0:\nkeepers:x:4712:\n");
}

/** A fixture of its own for each test of the file, and what these ask of it; `pristine` is its /etc before the test. */
export function useEtcFixture(layout: FixtureLayout = "classic") {
  let current: { fixture: EtcFixture; pristine: ReadonlyMap<string, string> } | null = null;
  const running = () => {
    if (current === null) throw new Error("the fixture is there while a test runs");
    return current;
  };
  const fixture = (): EtcFixture => running().fixture;
  beforeEach(() => {
    const made = createEtcFixture(plainDeclaration, layout);
    current = { fixture: made, pristine: snapshotEtc(made.etc) };
  });
  afterEach(() => fixture().remove());
  return {
    fixture,
    pristine: () => running().pristine,
    at: (path: string) => join(fixture().etc, path),
    types: () => fixture().events.map(({ type }) => type),
    revertedKinds: () =>
      fixture().events.flatMap((event) => (event.type === "drift-reverted" ? [event.data.item.kind] : [])),
    sweepOnce: async () => {
      await fixture().start().sweepNow();
      return snapshotEtc(fixture().etc);
    },
  };
}

async function expectedOf(toplevel: string): Promise<ExpectedEtc> {
  const loaded = await loadExpectedEtc({
    toplevel,
    scope: createEtcScope([]),
    layout: { kind: "classic" },
    previous: null,
  });
  if (loaded.kind === "failed") throw new Error(`the fixture cannot be read: ${loaded.errno}`);
  return loaded.value;
}

/** What etc.nix builds: links to sources, sidecars beside those with a mode. */
export function buildToplevel(
  root: string,
  name: string,
  declared: Readonly<Record<string, DeclaredFile>>,
): string {
  const tree = join(root, "store", `${name}-etc`, "etc");
  const toplevel = join(root, "store", `${name}-system`);
  for (const [path, { text, mode, uid = "+0", gid = "+0" }] of Object.entries(declared)) {
    const source = join(root, "store", `${name}-${path.replaceAll("/", "-").slice(0, 200)}`);
    writeNew(source, text);
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    symlinkSync(source, join(tree, path));
    if (mode === undefined) continue;
    writeNew(join(tree, `${path}.mode`), `${mode}\n`);
    writeNew(join(tree, `${path}.uid`), `${uid}\n`);
    writeNew(join(tree, `${path}.gid`), `${gid}\n`);
  }
  mkdirSync(toplevel, { recursive: true });
  symlinkSync(tree, join(toplevel, "etc"));
  return toplevel;
}

function writeNew(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The part of setup-etc.pl that makes entries; links say /etc/static though this /etc is elsewhere. */
export function activate(toplevel: string, etc: string): void {
  const tree = realpathSync(join(toplevel, "etc"));
  rmSync(join(etc, "static"), { force: true });
  symlinkSync(tree, join(etc, "static"));
  const copied = pathsBelow(tree).filter((path) => existsSync(`${path}.mode`));
  const lines = copied.map((path) => `${path.slice(tree.length + 1)}\n`);
  writeFileSync(join(etc, ".clean"), lines.toSorted().join(""));
  for (const source of pathsBelow(tree)) {
    if (!lstatSync(source).isSymbolicLink()) continue;
    const path = source.slice(tree.length + 1);
    mkdirSync(dirname(join(etc, path)), { recursive: true });
    activateEntry(source, { path, target: join(etc, path), etc });
  }
}

function activateEntry(
  source: string,
  { path, target, etc }: { path: string; target: string; etc: string },
): void {
  const sidecar = (suffix: string): string | null =>
    existsSync(source + suffix) ? readFileSync(source + suffix, "utf8").trim() : null;
  const mode = sidecar(".mode");
  rmSync(target, { force: true });
  if (mode === null) symlinkSync(`/etc/static/${path}`, target);
  else if (mode === "direct-symlink") symlinkSync(readlinkSync(source), target);
  else {
    writeFileSync(target, readFileSync(source));
    chownSync(target, idOf(join(etc, "passwd"), sidecar(".uid")), idOf(join(etc, "group"), sidecar(".gid")));
    chmodSync(target, Number.parseInt(mode, 8));
  }
}

function idOf(database: string, owner: string | null): number {
  if (owner === null || owner.startsWith("+")) return Number(owner);
  const line = readFileSync(database, "utf8")
    .split("\n")
    .find((candidate) => candidate.startsWith(`${owner}:`));
  return Number(line?.split(":")[2] ?? 0);
}
