// SHELL. The ways in which somebody changes /etc by hand, one after the other on paths of their own.
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import type { EtcLayoutName, KindsOrder } from "./etc-kinds.ts";

interface EtcChange {
  what: string;
  on: "link" | "file" | "folder" | "etc";
  only?: EtcLayoutName;
  change: (path: string) => void;
}

const tool = (file: string, ...args: string[]): unknown => execFileSync(file, args, { stdio: "ignore" });

function replace(path: string, put: (at: string) => void): void {
  put(`${path}.tampered`);
  renameSync(`${path}.tampered`, path);
}

/** At once: the agent puts back meanwhile what is removed name by name. */
function takeAway(path: string, put?: (at: string) => void): void {
  const away = "/etc/tampered-away";
  const next = "/etc/tampered-next";
  put?.(next);
  renameSync(path, away);
  if (put !== undefined) renameSync(next, path);
  rmSync(away, { recursive: true });
}

const contents: readonly EtcChange[] = [
  {
    what: "a copied file with other content",
    on: "file",
    change: (path) => appendFileSync(path, "tampered\n"),
  },
  { what: "a deleted link", on: "link", change: (path) => unlinkSync(path) },
  { what: "a deleted copied file", on: "file", change: (path) => unlinkSync(path) },
  {
    what: "a file in the place of a link",
    on: "link",
    change: (path) => replace(path, (at) => writeFileSync(at, "tampered\n")),
  },
  {
    what: "a directory with files in the place of a link",
    on: "link",
    change(path) {
      unlinkSync(path);
      mkdirSync(path);
      writeFileSync(`${path}/inside`, "tampered\n");
    },
  },
  {
    what: "a pipe in the place of a copied file",
    on: "file",
    change: (path) => replace(path, (at) => tool("mkfifo", at)),
  },
  {
    what: "a link to /etc/shadow in the place of a copied file",
    on: "file",
    change: (path) => replace(path, (at) => symlinkSync("/etc/shadow", at)),
  },
  {
    what: "a link with another target",
    on: "link",
    change: (path) => replace(path, (at) => symlinkSync("/etc/passwd", at)),
  },
  { what: "a copied file made set-user-id", on: "file", change: (path) => chmodSync(path, 0o4777) },
  { what: "a copied file of another owner", on: "file", change: (path) => chownSync(path, 1234, 1234) },
];

const attributes: readonly EtcChange[] = [
  {
    what: "other content, then immutable",
    on: "file",
    change(path) {
      appendFileSync(path, "tampered\n");
      tool("chattr", "+i", path);
    },
  },
  { what: "an immutable copied file", on: "file", change: (path) => tool("chattr", "+i", path) },
  {
    what: "an ACL on a copied file",
    on: "file",
    change: (path) => tool("setfacl", "-m", "u:nobody:r", path),
  },
  {
    what: "a default ACL on a directory",
    on: "folder",
    change: (path) => tool("setfacl", "-d", "-m", "u:nobody:rwx", path),
  },
  {
    what: "an extended attribute on a directory",
    on: "folder",
    change: (path) => tool("setfattr", "-n", "user.tampered", "-v", "1", path),
  },
];

const directories: readonly EtcChange[] = [
  { what: "a removed directory", on: "folder", change: (path) => takeAway(path) },
  {
    what: "a directory replaced by a link to another",
    on: "folder",
    change(path) {
      mkdirSync("/root/elsewhere", { recursive: true });
      takeAway(path, (at) => symlinkSync("/root/elsewhere", at));
    },
  },
  {
    what: "a directory replaced by a file",
    on: "folder",
    change: (path) => takeAway(path, (at) => writeFileSync(at, "tampered\n")),
  },
  {
    what: "a directory emptied and made again",
    on: "folder",
    change: (path) => takeAway(path, (at) => mkdirSync(at)),
  },
];

const mounts: readonly EtcChange[] = [
  {
    what: "another file mounted over a copied file",
    on: "file",
    change(path) {
      writeFileSync("/root/tampered", "tampered\n");
      tool("mount", "--bind", "/root/tampered", path);
    },
  },
  {
    what: "a file system mounted over a directory",
    on: "folder",
    change: (path) => tool("mount", "-t", "tmpfs", "tmpfs", path),
  },
  {
    what: "one that somebody has open",
    on: "folder",
    change(path) {
      tool("mount", "-t", "tmpfs", "tmpfs", path);
      // In it until the agent has taken the directory away.
      spawn("sleep", ["5"], { cwd: path, stdio: "ignore" }).unref();
    },
  },
  {
    what: "a file system mounted over /etc",
    on: "etc",
    change: (path) => tool("mount", "-t", "tmpfs", "tmpfs", path),
  },
];

const classic: readonly EtcChange[] = [
  {
    what: "/etc/static with another target",
    on: "etc",
    only: "classic",
    change: (path) => replace(`${path}/static`, (at) => symlinkSync("/root", at)),
  },
  {
    what: "an edited /etc/.clean",
    on: "etc",
    only: "classic",
    change: (path) => appendFileSync(`${path}/.clean`, "passwd\n"),
  },
  {
    what: "a stale link",
    on: "folder",
    only: "classic",
    change: (path) => symlinkSync("/etc/static/lab/old", `${path}/old`),
  },
];

export interface ChangeOnPath extends EtcChange {
  path: string;
}

/** Each change of a link or a file has an entry of its own, so that no budget is spent. */
export function changesFor({ layout, links, files, folder }: KindsOrder): ChangeOnPath[] {
  const all = [...contents, ...attributes, ...directories, ...mounts, ...classic];
  const places = { folder, etc: "/etc" };
  return all
    .filter(({ only = layout }) => only === layout)
    .map((change, index) => {
      const { on } = change;
      if (on === "folder" || on === "etc") return { ...change, path: places[on] };
      return { ...change, path: (on === "link" ? links : files)[index] ?? "" };
    });
}
