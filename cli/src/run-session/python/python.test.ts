/** Requirements, markers, locks and the choice of a Python. */
import { describe, expect, test } from "vitest";
import { choosePython, misfits } from "./choose-python.ts";
import { markerHolds } from "./marker.ts";
import { parseRequirement, type Requirement } from "./requirement.ts";
import { lockedVersions, parseUvLock } from "./uv-lock.ts";

const facts = { python: "3.12.4", system: "x86_64-linux" };

describe("a requirement", () => {
  test.each<[string, Partial<Requirement>]>([
    ["requests", { name: "requests", versions: "", extras: [], url: null }],
    ["Flask_SQLAlchemy.Ext", { name: "flask-sqlalchemy-ext" }],
    [
      "requests[socks, Security] >= 2.8.1, == 2.8.*",
      { extras: ["socks", "security"], versions: ">= 2.8.1, == 2.8.*" },
    ],
    ["rich (>=13)", { versions: ">=13" }],
    ["a~=1.4.2", { versions: "~=1.4.2" }],
    ["a===1.0+local", { versions: "===1.0+local" }],
    ["pip @ https://example.org/pip.whl", { name: "pip", url: "https://example.org/pip.whl" }],
    ['tomli; python_version >= "3.12"', { name: "tomli" }],
  ])("%j is read", (text, wanted) => {
    expect(parseRequirement(text, facts)).toMatchObject({ kind: "needed", requirement: wanted });
  });
  test("whose marker does not hold here is not needed", () => {
    expect(parseRequirement("tomli>=1; python_version < '3.11'", facts)).toEqual({ kind: "not-here" });
  });
  test.each([
    "",
    "-e .",
    "a b",
    "a[",
    "a==",
    "a >< 1",
    "--index-url=x",
    "a; python",
    "a; x == '1'",
    "ä",
    "a[$(id)]",
  ])("%j is refused", (text) => {
    expect(parseRequirement(text, facts)).toMatchObject({ kind: "bad" });
  });
});

describe("a marker", () => {
  test.each<[string, boolean | undefined]>([
    ["python_version == '3.12'", true],
    ["python_version < '3.9'", false],
    ["'3.9' <= python_version", true],
    ["python_full_version >= '3.12.3'", true],
    ["sys_platform == 'win32' or os_name == 'posix'", true],
    ["sys_platform == 'linux' and (platform_machine == 'arm64' or platform_machine == 'x86_64')", true],
    ["platform_machine not in 'x86_64 amd64'", false],
    ["'linux' in sys_platform", true],
    ["python_version == '3.*'", true],
    ["implementation_name != 'cpython'", false],
    ["extra == 'test'", false],
    ["python_version", undefined],
    ["python_version ==", undefined],
    ["(python_version == '3.12'", undefined],
    ["python_version == '3.12' junk", undefined],
    ["__import__('os')", undefined],
    [`${"(".repeat(100)}python_version == '3'${")".repeat(100)}`, undefined],
    ["", undefined],
  ])("%j: %j", (marker, holds) => {
    expect(markerHolds(marker, facts)).toBe(holds);
  });
});

describe("a lock of uv", () => {
  const lock = `version = 1
requires-python = ">=3.11"
[[package]]
name = "requests"
version = "2.32.3"
dependencies = [{ name = "idna" }, { name = "colorama", marker = "sys_platform == 'win32'" }]
[[package]]
name = "idna"
version = "3.10"
dependencies = [{ name = "requests" }]
[[package]]
name = "colorama"
version = "0.4.6"
[[package]]
name = "unrelated"
version = "9"
`;
  test("gives the versions of what is asked for and of all below it that counts here", () => {
    const parsed = parseUvLock(lock);
    if (parsed.kind === "bad") throw new Error(parsed.reason);
    expect([...lockedVersions(parsed.lock, ["Requests"], facts)]).toEqual([
      ["requests", "2.32.3"],
      ["idna", "3.10"],
    ]);
  });
  test.each(["version = 2\n", "x", "version = 1\npackage = 7\n"])("%j is refused", (text) => {
    expect(parseUvLock(text).kind).toBe("bad");
  });
});

describe("the Python", () => {
  const offered = [
    { attribute: "python3", version: "3.12.4" },
    { attribute: "python313", version: "3.13.0rc1" },
    { attribute: "python311", version: "3.11.9" },
  ];
  test.each<[string | null, string | undefined]>([
    [null, "python3"],
    [">=3.11", "python3"],
    ["<3.12", "python311"],
    [">=3.13.0rc1", "python313"],
    ["==3.11.*", "python311"],
    [">=4", undefined],
    ["three", undefined],
  ])("for %j is %j", (range, attribute) => {
    const choice = choosePython(offered, range);
    expect(choice.kind === "python" ? choice.attribute : undefined).toBe(attribute);
  });
  test("that is not there is refused with those that are", () => {
    expect(choosePython(offered, ">=4")).toMatchObject({
      reason: expect.stringMatching(/>=4.*3\.12\.4, 3\.13/u),
    });
  });
});

test("versions that nixpkgs does not have are named, also those that nobody can compare", () => {
  const offers = new Map([
    ["a", { version: "1.5" }],
    ["b", { version: "2.0" }],
    ["c", { version: "0-unstable-2026-01-01" }],
    ["d", { version: undefined }],
    ["e", { version: "3.1" }],
  ]);
  const needs = [need("a", ">=1,<2"), need("b", "<2"), need("c", ">0"), need("d", ""), need("f", "")];
  expect(misfits(needs, new Map([["e", "3.0"]]), offers)).toEqual([
    { name: "b", wants: "<2", has: "2.0" },
    { name: "c", wants: ">0", has: "0-unstable-2026-01-01" },
    { name: "d", wants: "", has: null },
    { name: "f", wants: "", has: null },
    { name: "e", wants: "==3.0", has: "3.1" },
  ]);
});

function need(name: string, versions: string): Requirement {
  return { name, versions, extras: [], url: null };
}
