import { expect, test } from "vitest";
import { cacheFolder } from "./cache-folder.ts";

test("CHIMERA_CACHE wins over XDG_CACHE_HOME, which wins over the home folder", () => {
  expect(cacheFolder({ CHIMERA_CACHE: "/a/b", XDG_CACHE_HOME: "/c" })).toBe("/a/b");
  expect(cacheFolder({ XDG_CACHE_HOME: "/c" })).toBe("/c/chimera");
  expect(cacheFolder({})).toMatch(/\/\.cache\/chimera$/);
});

test("an empty or relative setting is no folder", () => {
  expect(cacheFolder({ CHIMERA_CACHE: "", XDG_CACHE_HOME: "relative" })).toMatch(/\/\.cache\/chimera$/);
  expect(() => cacheFolder({ CHIMERA_CACHE: "here" })).toThrow(/CHIMERA_CACHE: here is not an absolute path/);
});

test("a path that would change the meaning of mount options is refused", () => {
  for (const path of ["/a:b", "/a,b", "/a b", "/a\\b"]) {
    expect(() => cacheFolder({ CHIMERA_CACHE: path })).toThrow(/cannot carry/);
  }
});
