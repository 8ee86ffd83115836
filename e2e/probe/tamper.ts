// SHELL. Runs on a node, bundled: changes entries of /etc in the ways that it is told and measures when each is back as it was.
// Reads one JSON document on stdin, writes one line a trial on stdout.
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { TamperOrder, type TamperKind, type TamperTrial } from "./tamper-order.ts";

/** Outside /etc, so that what is moved away is in nobody's way. */
const away = "/root/tampered-away";

interface Tampering {
  on: "links" | "files" | "folders";
  change: (path: string, round: number) => void;
  /** What of it no lstat tells. */
  attribute?: string;
}

const acl = "0sAgAAAAEABgD/////AgAHAGcSAAAEAAQA/////xAABwD/////IAAAAP////8=";
const setAttribute = (name: string, value: string) => (path: string) =>
  void execFileSync("setfattr", ["-n", name, "-v", value, path]);

const replaceByFile = (path: string): void => {
  writeFileSync(`${path}.tampered`, "tampered\n");
  renameSync(`${path}.tampered`, path);
};
const removeAll = (path: string): void => rmSync(path, { recursive: true });

const tamperings: Record<TamperKind, Tampering> = {
  changed: { on: "files", change: (path) => appendFileSync(path, "tampered\n") },
  deleted: { on: "links", change: (path) => rmSync(path) },
  "replaced-by-file": { on: "links", change: replaceByFile },
  "replaced-by-directory": {
    on: "links",
    change(path) {
      rmSync(path);
      mkdirSync(path);
      writeFileSync(`${path}/inside`, "tampered\n");
    },
  },
  "wrong-target": {
    on: "links",
    change(path) {
      symlinkSync("/etc/passwd", `${path}.tampered`);
      renameSync(`${path}.tampered`, path);
    },
  },
  "wrong-mode-or-owner": {
    on: "files",
    change: (path, round) => (round % 2 === 0 ? chmodSync(path, 0o777) : chownSync(path, 1234, 1234)),
  },
  emptied: { on: "files", change: (path) => truncateSync(path) },
  "copied-file-deleted": { on: "files", change: (path) => rmSync(path) },
  "copied-file-replaced": { on: "files", change: replaceByFile },
  "replaced-by-pipe": {
    on: "links",
    change(path) {
      execFileSync("mkfifo", [`${path}.tampered`]);
      renameSync(`${path}.tampered`, path);
    },
  },
  "renamed-away": { on: "links", change: (path) => renameSync(path, `${away}/${performance.now()}`) },
  "folder-removed": { on: "folders", change: removeAll },
  "folder-replaced-by-link": {
    on: "folders",
    change(path) {
      removeAll(path);
      symlinkSync("/root", path);
    },
  },
  "folder-replaced-by-file": {
    on: "folders",
    change(path) {
      removeAll(path);
      writeFileSync(path, "tampered\n");
    },
  },
  "folder-renamed-away": {
    on: "folders",
    change: (path) => renameSync(path, `${away}/${performance.now()}`),
  },
  "attribute-on-file": {
    on: "files",
    change: setAttribute("user.tampered", "1"),
    attribute: "user.tampered",
  },
  "default-acl-on-folder": {
    on: "folders",
    change: setAttribute("system.posix_acl_default", acl),
    attribute: "system.posix_acl_default",
  },
};

/** A folder with what is in it. */
function snapshot(path: string): string {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return "missing";
  const identity = `${facts.mode} ${facts.uid} ${facts.gid}`;
  if (facts.isSymbolicLink()) return `${identity} -> ${readlinkSync(path)}`;
  if (facts.isFile()) return `${identity} ${readFileSync(path, "hex")}`;
  const below = facts.isDirectory() ? readdirSync(path).toSorted() : ["no directory"];
  return [identity, ...below.map((name) => `${name} ${snapshot(`${path}/${name}`)}`)].join("\n");
}

/** A program is asked, which takes some milliseconds: they are part of the figure. */
function hasAttribute(path: string, name: string): boolean {
  const found = execFileSync("getfattr", ["-h", "--absolute-names", "-m", "-", path], { encoding: "utf8" });
  return found.split("\n").includes(name);
}

async function restoredAfterMs(isBack: () => boolean, timeoutMs: number): Promise<number | null> {
  const begun = performance.now();
  for (;;) {
    if (isBack()) return performance.now() - begun;
    if (performance.now() - begun > timeoutMs) return null;
    // half a millisecond is the error of the figure
    await sleep(0.5);
  }
}

/** Between two looks the entry may vanish: that is "not yet", not an error. */
function looksLike(path: string, before: string): boolean {
  try {
    return snapshot(path) === before;
  } catch {
    return false;
  }
}

const order = TamperOrder.parse(JSON.parse(readFileSync(0, "utf8")));
mkdirSync(away, { recursive: true });
for (let trial = 0; trial < order.trials; trial += 1) {
  const kind = order.kinds[trial % order.kinds.length] ?? "changed";
  const round = Math.floor(trial / order.kinds.length);
  const { on, change, attribute } = tamperings[kind];
  const paths = order[on];
  const path = paths[(round * 7 + trial) % paths.length] ?? "";
  const before = snapshot(path);
  change(path, round);
  const isBack = () => looksLike(path, before) && (attribute === undefined || !hasAttribute(path, attribute));
  const ms = await restoredAfterMs(isBack, order.timeoutMs);
  process.stdout.write(`${JSON.stringify({ trial, kind, path, ms } satisfies TamperTrial)}\n`);
  await sleep(order.pauseMs);
}
rmSync(away, { recursive: true });
