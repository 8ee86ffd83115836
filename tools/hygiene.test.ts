/** What may not stand in any file that git holds: long files, this machine's paths and hosts, shortcuts. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const { stdout } = await execa({ cwd: root })`git grep -I --name-only --null -e ""`;
const files = await Promise.all(
  stdout
    .split("\0")
    .filter(Boolean)
    .map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })),
);
const code = files.filter(({ path }) => /\.(ts|tsx|mjs|nix|sh)$|^\.ci\//.test(path));

function linesWith(among: typeof files, wanted: RegExp): string[] {
  return among.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, at) => (wanted.test(line) ? [`${path}:${at + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

function anyOf(texts: string[]): RegExp {
  return new RegExp(texts.map((text) => RegExp.escape(text)).join("|"));
}

/** The hosts this machine installs from, and the public ones, spelt so that this file does not name them itself. */
async function registryHosts(): Promise<string[]> {
  const npm = await execa({ cwd: root, reject: false })`npm config get registry`;
  const pip = await execa({ reject: false })`pip config list`;
  const apt = await execa({
    reject: false,
  })`grep -rhE ^(deb|URIs) /etc/apt/sources.list /etc/apt/sources.list.d`;
  const configured = [npm.stdout, pip.stdout, apt.stdout]
    .flatMap((text) => [...(text ?? "").matchAll(/https?:\/\/(?:[^/@\s]*@)?([^/\s'"]+)/g)])
    .flatMap(([, host]) => host ?? []);
  const known = [
    "registry npmjs org",
    "pypi org",
    "files pythonhosted org",
    "deb debian org",
    "proxy golang org",
  ];
  return [...new Set([...configured, ...known.map((words) => words.replaceAll(" ", "."))])];
}

/** The clone's own folder, its machine's top folder where that is nobody else's, and a home that is a person's. */
function machinePaths(): string[] {
  const top = `/${root.split("/")[1]}/`;
  const everywhere = [
    "/tmp/",
    "/root/",
    "/home/",
    "/srv/",
    "/opt/",
    "/var/",
    "/usr/",
    "/mnt/",
    "/run/",
    "/build/",
  ];
  const home = homedir();
  return [
    `${root}/`,
    ...(everywhere.includes(top) ? [] : [top]),
    ...(home.startsWith("/home/") ? [`${home}/`] : []),
  ];
}

test("git holds files to look at", () => {
  expect(files.length).toBeGreaterThan(20);
  expect(code.length).toBeGreaterThan(10);
});

test("no file of code has more than 250 lines, because one concern fits into that", () => {
  const long = code.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
  expect(long.filter(({ lines }) => lines > 250)).toEqual([]);
});

test("no registry or mirror is named, because a clone must install from wherever its machine is told to", async () => {
  expect(linesWith(files, anyOf(await registryHosts()))).toEqual([]);
});

test("no path of the machine it was written on is named", () => {
  expect(linesWith(files, anyOf(machinePaths()))).toEqual([]);
});

test("no test is singled out, because the others would silently not run", () => {
  expect(linesWith(code, /\b(test|it|describe|suite)\.only\(/)).toEqual([]);
});

test("nothing is left for later and no check is switched off in place", () => {
  expect(linesWith(code, /\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b|@ts[-](ignore|expect-error|nocheck)/)).toEqual(
    [],
  );
});

test("no process is started through a shell, because a name with a quote in it would become a command", () => {
  expect(linesWith(code, /\bshell: *tru[e]|\bexec(Sync)\(/)).toEqual([]);
});
