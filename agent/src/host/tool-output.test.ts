import { PublicKeyText, generateKey } from "@chimera/proto/signed/keys";
import { StorePath } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { parseUnit, unitArguments, unitFact } from "./activation/activation-unit.ts";
import { parseMeminfo } from "./health.ts";
import { fetchArguments, parseNote, parsePathInfo } from "./store/nix.ts";
import { parseUnitList } from "./systemd/systemd.ts";

const system = StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-n1`);

for (const [name, show, fact] of [
  ["not loaded", "LoadState=not-found\nActiveState=inactive\nSubState=dead\n", { kind: "absent" }],
  ["starting", "LoadState=loaded\nActiveState=activating\nSubState=start\n", { kind: "running" }],
  ["running", "LoadState=loaded\nActiveState=active\nSubState=running\n", { kind: "running" }],
  ["stopping", "LoadState=loaded\nActiveState=deactivating\nSubState=stop-sigterm\n", { kind: "running" }],
  [
    "ended well",
    "ActiveState=active\nSubState=exited\nResult=success\nExecMainCode=1\nExecMainStatus=0\n",
    { kind: "ended", result: "exited", exitCode: 0 },
  ],
  [
    "ended with 4",
    "ActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainCode=1\nExecMainStatus=4\n",
    { kind: "ended", result: "exited", exitCode: 4 },
  ],
  [
    "ended by its time limit",
    "ActiveState=failed\nSubState=failed\nResult=timeout\nExecMainCode=2\nExecMainStatus=15\n",
    { kind: "ended", result: "timeout", exitCode: null },
  ],
  [
    "killed",
    "ActiveState=failed\nSubState=failed\nResult=signal\nExecMainCode=2\nExecMainStatus=9\n",
    { kind: "ended", result: "killed", exitCode: null },
  ],
] as const) {
  test(`a unit that is ${name} is read from systemctl show`, () =>
    expect(unitFact(parseUnit(show))).toEqual(fact));
}

test("the activation is a unit of its own with a time limit, and its output goes to a file", () => {
  const unit = { name: "chimera-activate-7", action: "test" as const, toplevel: system };
  const argv = [`${system}/bin/switch-to-configuration`, "test"];
  const args = unitArguments({ unit, argv, runtimeSeconds: 600, stateDir: "/s" }, "/s/log/x.log");
  expect(args).toEqual(
    expect.arrayContaining([
      "--unit=chimera-activate-7.service",
      "--property=RuntimeMaxSec=600",
      "--property=RemainAfterExit=yes",
      "--property=StandardOutput=append:/s/log/x.log",
    ]),
  );
  expect(args.slice(-3)).toEqual(["--", `${system}/bin/switch-to-configuration`, "test"]);
});

test("our own units are no part of the system's health", () => {
  const units = [
    "web.service",
    "chimera-activate-7.service",
    "chimera-revert-boot-7-3.service",
    "chimera-session-exec-0123.service",
    "chimera-sentinel.service",
  ];
  const json = JSON.stringify(units.map((unit) => ({ unit, load: "loaded", active: "failed" })));
  expect(parseUnitList(json)).toEqual(["web.service", "chimera-sentinel.service"]);
});

test("a fetch never builds and trusts only what the arguments name", () => {
  const trustedPublicKeys = [PublicKeyText.parse(generateKey("cache").public)];
  const args = fetchArguments(system, {
    substituters: ["http://hub/cache"],
    trustedPublicKeys,
    netrcFile: "/n",
  });
  const pairs = args.map((word, i) => (args[i - 1] === "--option" ? `${word}=${args[i + 1]}` : word));
  expect(pairs).toEqual(
    expect.arrayContaining([
      "substituters=http://hub/cache",
      "extra-substituters=",
      "require-sigs=true",
      "fallback=false",
      "narinfo-cache-negative-ttl=0",
      `trusted-public-keys=${trustedPublicKeys[0]}`,
    ]),
  );
  expect(args[args.indexOf("--max-jobs") + 1]).toBe("0");
});

const registered = {
  narHash: `sha256-${"A".repeat(43)}=`,
  narSize: 5,
  references: ["/nix/store/z", "/nix/store/b"],
};

test("path-info is read in the form of old and of new Nix", () => {
  const expected = new Map([[system, { ...registered, references: ["/nix/store/b", "/nix/store/z"] }]]);
  expect(parsePathInfo(JSON.stringify({ [system]: registered }))).toEqual(expected);
  expect(parsePathInfo(JSON.stringify([{ path: system, valid: true, ...registered }]))).toEqual(expected);
  const bare = { ...registered, references: ["b", "z"] };
  expect(parsePathInfo(JSON.stringify({ [system.slice(11)]: bare }))).toEqual(expected);
});

test("lines of Nix's log that are no notes are passed over", () => {
  expect(parseNote('@nix {"action":"start","id":5,"type":100}')).toMatchObject({
    action: "start",
    id: 5,
    type: 100,
  });
  for (const line of ["", "copying path", "@nix {", "@nix []", "@nix 5"])
    expect(parseNote(line)).toBeUndefined();
});

test("meminfo is read as bytes", () => {
  expect(parseMeminfo("MemTotal:       24576 kB\nHugePages_Total:       0\n")).toEqual(
    new Map([["MemTotal", 25165824]]),
  );
});
