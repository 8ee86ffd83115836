/** Lines as Nix 2.26 wrote them, and lines that no Nix would write. */
import { describe, expect, test } from "vitest";
import { createBuildLog } from "./build-log.ts";
import { splitInstallable } from "./evaluate.ts";

const recorded = [
  '@nix {"action":"start","id":58,"level":0,"parent":0,"text":"","type":104}',
  '@nix {"action":"result","fields":[0,2,0,0],"id":58,"type":105}',
  '@nix {"action":"start","fields":["/nix/store/k27zpk7bi52325cs9hlfbsx3j4lk8kg7-bad.drv","",1,1],"id":61,"level":3,"parent":0,"text":"building","type":105}',
  '@nix {"action":"result","fields":["line \\u001b[31mone"],"id":61,"type":101}',
  '@nix {"action":"result","fields":[1,2,0,1],"id":58,"type":105}',
  '@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"\\u001b[31;1merror:\\u001b[0m builder failed with exit code 3"}',
  '@nix {"action":"msg","level":3,"msg":"this derivation will be built:"}',
];

const path = (id: number) => `@nix {"action":"start","id":${id},"type":100,"fields":["/nix/store/x"]}`;
const bytes = (id: number, done: number) =>
  `@nix {"action":"result","fields":[${done},3000112,0,0],"id":${id},"type":105}`;

describe("build log", () => {
  test("counts derivations, and keeps the error with the last lines of the build", () => {
    const log = createBuildLog();
    const changed = recorded.map((line) => log.read(line));
    expect(changed).toEqual([false, true, false, false, true, false, false]);
    expect(log.built).toEqual({ done: 1, total: 2 });
    expect(log.failure()).toBe("error: builder failed with exit code 3\nbad> line one");
  });
  test("counts the bytes of all paths that are copied, each from zero", () => {
    const log = createBuildLog();
    for (const line of [path(7), bytes(7, 8), path(9), bytes(9, 1000), bytes(7, 65_632)]) log.read(line);
    expect(log.copiedBytes.done).toBe(66_632);
    expect(log.read(bytes(7, 65_700))).toBe(true);
    expect(log.read(bytes(8, 5))).toBe(false);
    expect(log.copiedBytes.done).toBe(66_700);
  });
  test("does not repeat lines that the error already has", () => {
    const log = createBuildLog();
    for (const line of recorded.slice(0, 4)) log.read(line);
    log.read('@nix {"action":"msg","level":0,"msg":"failed; last lines: line one"}');
    expect(log.failure()).toBe("failed; last lines: line one");
  });
  test("takes what is no JSON for Nix's own words and never throws", () => {
    const log = createBuildLog();
    for (const line of [
      "@nix {",
      "@nix 7",
      "@nix null",
      '@nix {"action":"result"}',
      '@nix {"action":"result","type":105,"id":1}',
      "",
    ]) {
      expect(log.read(line)).toBe(false);
    }
    log.read("error: unrecognised flag '--frob'");
    expect(log.failure()).toContain("unrecognised flag");
  });
  test("keeps the last lines only", () => {
    const log = createBuildLog();
    for (let i = 0; i < 1000; i += 1) log.read(`line ${i}`);
    expect(log.failure().split("\n")).toHaveLength(20);
    expect(log.failure()).toContain("line 999");
  });
  test("without a reason says so", () => {
    expect(createBuildLog().failure()).toBe("it gave no reason");
  });
});

describe("installable", () => {
  test.each([
    [".#nixosConfigurations.n1.config.system.build.toplevel", undefined],
    ["github:o/r?ref=x#n1", undefined],
    ["-f ./systems.nix n1", "./systems.nix"],
    ["--file /srv/w/systems.nix systems.n1", "/srv/w/systems.nix"],
  ])("%s", (text, file) => {
    expect(splitInstallable(text).file).toBe(file);
  });
  test.each(["--impure", "-f", "-f x", "-f --option x", "-f x --impure", "a b", "", "-f a b c"])(
    "%j is refused",
    (text) => {
      expect(() => splitInstallable(text)).toThrow(expect.objectContaining({ code: "config-invalid" }));
    },
  );
});
