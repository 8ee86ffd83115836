/** The JSON of Nix 2.18 to 2.35, and hashes in every form. */
import { StorePath } from "@chimera/proto/names";
import { describe, expect, test } from "vitest";
import { toSri } from "@chimera/proto/nix/nar-hash";
import { checkNarinfo } from "./narinfo.ts";
import { closureOf, parsePathInfo } from "./path-info.ts";

/** SHA-256 of nothing in Nix's forms (`nix hash convert`). */
const sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const nix32 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
const hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const a = StorePath.parse("/nix/store/5q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-a");
const b = StorePath.parse("/nix/store/6q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-b");
const base = (path: string) => path.slice("/nix/store/".length);
const info = { narHash: sri, narSize: 7, references: [b, a], signatures: [], ultimate: true };

test.each([
  [sri],
  [`sha256:${nix32}`],
  [`sha256:${hex}`],
  [nix32],
  [hex],
  [{ algorithm: "sha256" as const, format: "base16", hash: hex }],
  [{ algorithm: "sha256" as const, format: "sri", hash: sri }],
])("%j is one SRI", (hash) => {
  expect(toSri(hash)).toBe(sri);
});

test.each([
  [""],
  ["sha256-"],
  ["sha256:xyz"],
  [hex.slice(1)],
  [`z${nix32.slice(1)}`],
  ["sha512-abc"],
  [nix32.replace("0", "e")],
])("%j is no SHA-256", (text) => {
  expect(toSri(text)).toBeUndefined();
});

describe("path-info", () => {
  const shapes = {
    "2.18, a list": [
      { path: a, valid: true, ...info, narHash: `sha256:${nix32}` },
      { path: b, ...info, references: [] },
    ],
    "2.26, a map": { [a]: { ...info, ca: null }, [b]: { ...info, references: [] } },
    "2.33 format 2, nested": {
      version: 2,
      storeDir: "/nix/store",
      info: {
        [base(a)]: { ...info, references: [base(b), base(a)] },
        [base(b)]: { ...info, references: [] },
      },
    },
    "2.35 format 3, hashes as objects": {
      version: 3,
      storeDir: "/nix/store",
      info: {
        [base(a)]: {
          ...info,
          narHash: { algorithm: "sha256", format: "base16", hash: hex },
          references: [base(b), base(a)],
        },
        [base(b)]: { ...info, references: [] },
      },
    },
  };
  test.each(Object.entries(shapes))("%s", (_, shape) => {
    const known = parsePathInfo(JSON.stringify(shape));
    expect(known.get(a)).toEqual({ path: a, narHash: sri, narSize: 7, references: [a, b] });
    expect(
      closureOf(a, known)
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual([a, b]);
    expect(closureOf(b, known)).toHaveLength(1);
  });
  test.each([
    ["a map with null", { [a]: null }],
    ["an old list", [{ path: a, valid: false }]],
  ])("an unknown path in %s is named", (_, shape) => {
    expect(() => parsePathInfo(JSON.stringify(shape))).toThrow(`${a} is not in the local store`);
  });
  test("a reference without entry is named", () => {
    const known = parsePathInfo(JSON.stringify({ [a]: info }));
    expect(() => closureOf(a, known)).toThrow(`${b} is missing`);
  });
  test.each([
    [{ [a]: { ...info, narHash: "md5-x" } }],
    [{ "/etc/passwd": info }],
    [{ [a]: { ...info, narSize: -1 } }],
    ["text"],
  ])("%j is refused", (shape) => {
    expect(() => parsePathInfo(JSON.stringify(shape))).toThrow(/path-info/u);
  });
});

describe("narinfo", () => {
  const entry = { path: a, narHash: sri, narSize: 7, references: [] };
  test("of the same bytes is a hit, in the cache's own hash form", () => {
    expect(checkNarinfo(entry, `StorePath: ${a}\nURL: nar/x\nNarHash: sha256:${nix32}\n`)).toBe(true);
    expect(checkNarinfo(entry, undefined)).toBe(false);
  });
  test.each([
    ["other bytes", `StorePath: ${a}\nNarHash: sha256:${hex.replace("e3", "e4")}\n`],
    ["no hash", `StorePath: ${a}\n`],
    ["another path", `StorePath: ${b}\nNarHash: sha256:${nix32}\n`],
    ["nothing", ""],
  ])("with %s is a conflict", (_, text) => {
    expect(() => checkNarinfo(entry, text)).toThrow(expect.objectContaining({ code: "content-conflict" }));
  });
});
