/** Two things change places, with the tools of this machine and without them; and what a store that is optimised keeps of a damaged file. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nixBase32 } from "@chimera/proto/nix/nix-base32";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashSteps } from "../hash-nar.ts";
import { toEnd } from "../steps.ts";
import { dropWrongLinks } from "./drop-links.ts";
import { exchangePaths, replaceInTwo } from "./exchange-paths.ts";

let folder: string;
let path: string;
let fresh: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-exchange-"));
  path = join(folder, "path");
  fresh = join(folder, ".fresh");
  mkdirSync(path);
  writeFileSync(join(path, "a"), "wrong");
  mkdirSync(fresh);
  writeFileSync(join(fresh, "a"), "right");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = () => [path, fresh].map((one) => readFileSync(join(one, "a"), "utf8"));

test("both change places, whichever way", async () => {
  expect(await exchangePaths(fresh, path)).toBeNull();
  expect(read()).toEqual(["right", "wrong"]);
  expect(replaceInTwo(fresh, path)).toBeNull();
  expect(read()).toEqual(["wrong", "right"]);
  expect(readdirSync(folder)).toHaveLength(2);
});

test("a file may take a folder's place", async () => {
  rmSync(fresh, { recursive: true });
  writeFileSync(fresh, "only a file");
  expect(await exchangePaths(fresh, path)).toBeNull();
  expect(readFileSync(path, "utf8")).toBe("only a file");
});

test("where it cannot be done all is as it was", async () => {
  rmSync(fresh, { recursive: true });
  expect(await exchangePaths(fresh, path)).toBe("ENOENT");
  expect(readFileSync(join(path, "a"), "utf8")).toBe("wrong");
  expect(readdirSync(folder)).toEqual(["path"]);
});

test("a wrong file under a right hash is taken out of .links, a right one stays", () => {
  const links = join(folder, ".links");
  mkdirSync(links);
  mkdirSync(join(path, "ü"));
  const names = { damaged: "a", whole: "ü/b" };
  writeFileSync(join(path, names.damaged), "right bytes of a");
  writeFileSync(join(path, names.whole), "right bytes of b");
  const linkOf = (name: string) => {
    const hashed = toEnd(hashSteps(join(path, name), { narSize: 1e9 }));
    if (hashed.kind !== "hashed") throw new Error(hashed.errno);
    return join(links, nixBase32(Buffer.from(hashed.sha256, "hex")));
  };
  writeFileSync(linkOf(names.damaged), "wrong bytes of a");
  linkSync(join(path, names.whole), linkOf(names.whole));
  writeFileSync(join(links, "of-another-path"), "x");
  expect(dropWrongLinks(path, links)).toBe(1);
  expect(existsSync(linkOf(names.damaged))).toBe(false);
  expect(readdirSync(links)).toHaveLength(2);
  expect(dropWrongLinks(path, join(folder, "no-such-folder"))).toBe(0);
});
