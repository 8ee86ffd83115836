/** SHELL. Links that must name exactly one thing, and the folders in which they lie. */
import { basename, dirname } from "node:path";
import { compareEntry } from "../../reconcile/drift/drift.ts";
import type { PutBack } from "../drift/drift-response.ts";
import { openDirectory } from "../drift/etc-directory.ts";
import { readFacts } from "../drift/etc-facts.ts";
import type { Evidence } from "../drift/evidence.ts";
import { revertEntry, type RevertContext } from "../drift/revert-entry.ts";
import type { Finding, LookContext } from "./machine-source.ts";
import { lookAtFolder, realFolder } from "./pointer-folder.ts";

export interface ExpectedLink {
  folder: string;
  name: string;
  target: string;
  /** False where only another target is drift, because nobody says that the link must be. */
  mustBe: boolean;
}

interface At {
  /** Before /bin and /usr/bin. */
  root: string;
  evidence: Evidence;
  context: LookContext;
  /** Looked at also where no link is expected in it. */
  alsoFolder: string;
}

interface Checked {
  findings: Finding[];
  problems: string[];
}

export async function checkLinks(at: At, expected: readonly ExpectedLink[]): Promise<Checked> {
  const checked: Checked[] = [];
  for (const folder of foldersOf(at, expected)) checked.push(await checkFolder(at, folder));
  return joined(checked);
}

function joined(checked: readonly Checked[]): Checked {
  return {
    findings: checked.flatMap(({ findings }) => findings),
    problems: checked.flatMap(({ problems }) => problems),
  };
}

/** `mustBe` false for all in it: it may be missing. */
interface Folder {
  path: string;
  links: readonly ExpectedLink[];
  mustBe: boolean;
}

function foldersOf({ root, alsoFolder }: At, expected: readonly ExpectedLink[]): Folder[] {
  const byPath = Map.groupBy(expected, ({ folder }) => realFolder(root, folder));
  const folders = [...byPath].map(([path, links]) => {
    const named = links.map((link) => ({ ...link, folder: path }));
    return { path, links: named, mustBe: links.some(({ mustBe }) => mustBe) };
  });
  return byPath.has(alsoFolder) ? folders : [...folders, { path: alsoFolder, links: [], mustBe: false }];
}

const folderWhy = "what else was in that folder is not known here: put it back by hand";

async function checkFolder(at: At, { path, links, mustBe }: Folder): Promise<Checked> {
  const looked = await lookAtFolder(path);
  switch (looked.kind) {
    case "there": {
      const checked: Checked[] = [];
      for (const link of links) checked.push(await check(at, link));
      return joined(checked);
    }
    case "unread":
      return { findings: [], problems: [looked.problem] };
    case "strange": {
      const { item } = looked;
      if (item.kind === "missing" && !mustBe) return { findings: [], problems: [] };
      const { root } = at;
      const isOurs = item.path === path && [`${root}/bin`, `${root}/usr/bin`].includes(path);
      const revert = isOurs ? () => putFolder(at, { path, links }) : null;
      return { findings: [{ item, revert, ...(isOurs ? {} : { why: folderWhy }) }], problems: [] };
    }
  }
}

/** With what activation links in it: without these no script would start until the next look. */
async function putFolder(at: At, { path, links }: Pick<Folder, "path" | "links">): Promise<PutBack> {
  const [ids, entry] = [
    { uid: undefined, gid: undefined },
    { kind: "directory", path: basename(path) } as const,
  ];
  const made = await revertEntry(revertContext(at, dirname(path)), entry, ids);
  for (const { name, target } of made.kind === "reverted" ? links : []) {
    const link = { kind: "link", path: name, target } as const;
    const linked = await revertEntry(revertContext(at, path), link, ids);
    if (linked.kind !== "reverted") return linked;
  }
  return made;
}

async function check(at: At, link: ExpectedLink): Promise<Checked> {
  const path = `${link.folder}/${link.name}`;
  const opened = openDirectory(link.folder, "");
  if (opened.kind === "failed") return unread(path, opened.errno);
  using directory = opened.value;
  const found = await readFacts(directory, link.name, null);
  if (found.kind === "failed") return unread(path, found.errno);
  const entry = { kind: "link", path: link.name, target: link.target } as const;
  const ids = { uid: undefined, gid: undefined };
  const item = compareEntry(entry, found.value, ids);
  if (item === null || (item.kind === "missing" && !link.mustBe)) return { findings: [], problems: [] };
  const revert = (): Promise<PutBack> => revertEntry(revertContext(at, link.folder), entry, ids);
  return { findings: [{ item: { ...item, path }, revert }], problems: [] };
}

function unread(path: string, errno: string): Checked {
  return { findings: [], problems: [`${path} cannot be read: ${errno}`] };
}

function revertContext({ evidence, context: { isCurrent } }: At, folder: string): RevertContext {
  const shownDir = folder === "/" ? "" : folder;
  return { etcDir: folder, shownDir, evidence, isCurrent, isWritable: () => true };
}
