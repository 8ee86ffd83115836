/** SHELL. Where a path leads to, link by link, and which store paths it passes: each of them could lead it elsewhere. */
import { readlinkSync } from "node:fs";
import { attempt, type Outcome } from "../errno-outcome.ts";

interface StoreWay {
  /** Without links. */
  real: string;
  /** As they are listed, so without the root of a test. */
  paths: ReadonlySet<string>;
}

export interface WayFinder {
  follow(file: string): Outcome<StoreWay>;
}

/** As many as the kernel follows. */
const mostLinks = 40;

interface Following {
  root: string;
  paths: Set<string>;
  /** What is no link. */
  plain: Set<string>;
  /** The folder so far. */
  at: string;
  /** What comes after it. */
  rest: string[];
  links: number;
}

/** For one reading: what is no link is not asked of again. */
export function createWayFinder(root: string): WayFinder {
  const plain = new Set<string>();
  return {
    follow(file) {
      const following = { root, plain, paths: new Set<string>(), at: "", rest: componentsOf(file), links: 0 };
      while (following.rest.length > 0) {
        const errno = step(following);
        if (errno !== null) return { kind: "failed", errno };
      }
      const { at, paths } = following;
      return { kind: "done", value: { real: at === "" ? "/" : at, paths } };
    },
  };
}

/** One component; the errno where it leads nowhere. */
function step(following: Following): string | null {
  const { root, paths, plain, at } = following;
  const name = following.rest.shift();
  if (name === "..") following.at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
  if (name === undefined || name === "..") return null;
  const here = `${at}/${name}`;
  if (at === `${root}/nix/store`) paths.add(here.slice(root.length));
  const target = plain.has(here) ? notLink : attempt(() => readlinkSync(here));
  if (target.kind === "done") return enter(following, target.value);
  if (target.errno !== notLink.errno) return target.errno;
  plain.add(here);
  following.at = here;
  return null;
}

function enter(following: Following, target: string): string | null {
  following.links += 1;
  if (following.links > mostLinks) return "ELOOP";
  if (target.startsWith("/")) following.at = "";
  following.rest = [...componentsOf(target), ...following.rest];
  return null;
}

const notLink = { kind: "failed", errno: "EINVAL" } as const;

function componentsOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
