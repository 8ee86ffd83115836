/** What /etc is to be is taken from the store only where the store holds what was signed. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { StorePath } from "@chimera/proto/names";
import { afterEach, beforeEach, expect, test } from "vitest";
import { expectedPath, type ExpectedPath } from "../../reconcile/store-drift/store-path.ts";
import { createPathProof } from "../store-drift/path-proof.ts";
import { entryOf } from "../store-drift/store-fixture.ts";
import {
  activate,
  buildToplevel,
  createEtcFixture,
  plainDeclaration,
  type EtcFixture,
} from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";
import type { ShowingOptions, ShowingService } from "./show/showing.ts";

let fixture: EtcFixture;
let toplevel: string;
let signed: Map<string, ExpectedPath> | null;
let pristine: ReadonlyMap<string, string>;

const hash = "0".repeat(32);
const evil = "evil ALL=(ALL) NOPASSWD: ALL\n";

beforeEach(() => {
  fixture = createEtcFixture();
  toplevel = buildToplevel(fixture.root, `../nix/store/${hash}-one`, plainDeclaration);
  for (const name of readdirSync(fixture.etc))
    if (!["passwd", "group"].includes(name)) rmSync(join(fixture.etc, name), { recursive: true });
  activate(toplevel, fixture.etc);
  pristine = snapshotEtc(fixture.etc);
  signed = listOf(fixture.root);
});

afterEach(() => fixture.remove());

test("what somebody wrote into the source of a copied file is never spread, and the repaired one is put back at once", async () => {
  writeFileSync(store("sudoers"), evil);
  const drift = start();
  await drift.sweepNow();
  expect(snapshotEtc(fixture.etc)).toEqual(pristine);
  expect(drift.summary().unseen).toEqual([
    `/etc/sudoers: /nix/store/${hash}-one-sudoers: its bytes are not the signed ones: nothing is put back from it`,
  ]);
  expect(fixture.events).toMatchObject([{ type: "alarm", data: { code: "expected-unproven" } }]);
  unlinkSync(at("hostname"));
  writeFileSync(at("sudoers"), evil);
  await drift.sweepNow();
  expect(existsSync(at("sudoers")) && readFileSync(at("sudoers"), "utf8")).toBe(evil);
  repair("sudoers", "root ALL=(ALL) ALL\n");
  drift.noteRepaired();
  await drift.sweepNow();
  expect(snapshotEtc(fixture.etc)).toEqual(pristine);
  expect(drift.summary()).toMatchObject({ openCount: 0 });
  expect(drift.summary().unseen).toBeUndefined();
});

test("of an etc tree that a power cut left empty nothing is called stale, and the repaired one counts without a restart", async () => {
  renameSync(store("etc"), join(fixture.root, "whole"));
  mkdirSync(join(store("etc"), "etc"), { recursive: true });
  const drift = start();
  await drift.sweepNow();
  await drift.sweepNow();
  expect(snapshotEtc(fixture.etc)).toEqual(pristine);
  expect(drift.summary().unseen).toEqual([
    `/etc, of which nothing is put back: /nix/store/${hash}-one-etc: its bytes are not the signed ones`,
  ]);
  rmSync(store("etc"), { recursive: true });
  renameSync(join(fixture.root, "whole"), store("etc"));
  writeFileSync(at("sudoers"), evil);
  await drift.sweepNow();
  expect(snapshotEtc(fixture.etc)).toEqual(pristine);
  expect(drift.summary()).toMatchObject({ managed: 11, openCount: 0 });
});

test("a tree that leads a copied file to another one of the closure proves nothing", async () => {
  const tree = join(store("etc"), "etc");
  unlinkSync(join(tree, "sudoers"));
  symlinkSync(store("ssh-sshd_config"), join(tree, "sudoers"));
  const drift = start();
  await drift.sweepNow();
  expect(snapshotEtc(fixture.etc)).toEqual(pristine);
  expect(drift.summary().unseen).toHaveLength(1);
});

test("what is tampered after it was proven changes nothing of what is expected", async () => {
  const drift = start();
  await drift.sweepNow();
  writeFileSync(store("sudoers"), evil);
  renameSync(store("etc"), join(fixture.root, "whole"));
  mkdirSync(join(store("etc"), "etc"), { recursive: true });
  unlinkSync(at("hostname"));
  await drift.sweepNow();
  expect(snapshotEtc(fixture.etc)).toEqual(pristine);
});

test("a link of the form of a stale one stays where nobody knows what the path is to be", async () => {
  writeFileSync(store("sudoers"), evil);
  unlinkSync(at("sudoers"));
  symlinkSync("/etc/static/sudoers", at("sudoers"));
  await start().sweepNow();
  expect(existsSync(at("sudoers"))).toBe(false);
  expect(snapshotEtc(fixture.etc).get(at("sudoers"))).toBe("link /etc/static/sudoers");
});

test("without the signed list it is compared with what lies in the store, says so, and follows its changes", async () => {
  signed = null;
  const drift = start();
  await drift.sweepNow();
  expect(drift.summary().unseen?.[0]).toContain("the signed list of");
  writeFileSync(at("sudoers"), evil);
  await drift.sweepNow();
  expect(snapshotEtc(fixture.etc)).toEqual(pristine);
  repair("sudoers", "other\n");
  await drift.sweepNow();
  expect(readFileSync(at("sudoers"), "utf8")).toBe("other\n");
  signed = listOf(fixture.root);
  await drift.sweepNow();
  expect(drift.summary().unseen).toBeUndefined();
});

test("a path that is not of the signed closure proves nothing", async () => {
  signed?.delete(`/nix/store/${hash}-one-sudoers`);
  const drift = start();
  await drift.sweepNow();
  expect(drift.summary().unseen).toEqual([
    `/etc/sudoers: /nix/store/${hash}-one-sudoers: it is not in the signed list of this system: nothing is put back from it`,
  ]);
  expect(snapshotEtc(fixture.etc)).toEqual(pristine);
});

function start(): ShowingService {
  const proof = createPathProof({ root: fixture.root, signed: () => signed });
  const options: ShowingOptions = { toplevel: () => toplevel, proof };
  return fixture.start(options);
}

function at(path: string): string {
  return join(fixture.etc, path);
}

function store(name: string): string {
  return join(fixture.root, `nix/store/${hash}-one-${name}`);
}

/** As the store's repair does: another file under the same name. */
function repair(name: string, text: string): void {
  writeFileSync(`${store(name)}.new`, text);
  renameSync(`${store(name)}.new`, store(name));
}

function listOf(root: string): Map<string, ExpectedPath> {
  const paths = readdirSync(join(root, "nix/store")).map((name) => StorePath.parse(`/nix/store/${name}`));
  return new Map(
    paths.flatMap((path) => {
      const expected = expectedPath(entryOf(root, path));
      return expected === null ? [] : [[path, expected] as const];
    }),
  );
}
