import { HeadPolicy } from "@chimera/proto/signed/head";
import { expect, test } from "vitest";
import { headPolicy, PolicyFile } from "./head-policy.ts";

const file = PolicyFile.parse({
  probationSeconds: 60,
  reboot: "window",
  rebootWindow: "22:30-04:00",
  acceptUnprotected: true,
  checks: [{ kind: "http", name: "web", url: "http://localhost/health" }],
  units: [{ unit: "flaky.service", ignore: true, reason: "of its vendor" }],
});

test("nothing said is nothing signed: all is the nodes' own", () => {
  expect(headPolicy({})).toEqual({});
});

test("chimera.toml's is signed, checks with every number that they have", () => {
  const policy = headPolicy({}, file);
  expect(policy).toMatchObject({ reboot: "window", rebootWindow: { from: "22:30", to: "04:00" } });
  expect(policy.checks).toMatchObject([
    { name: "web", everySeconds: 5, timeoutSeconds: 10, statuses: [200] },
  ]);
  expect(HeadPolicy.parse(policy)).toEqual(policy);
});

test("what chimera.toml says of drift is signed, and a misspelt key of it is named", () => {
  const drift = { window: "02:00-04:00", rules: [{ glob: "/etc/a*", mode: "report", reason: "by hand" }] };
  expect(headPolicy({}, PolicyFile.parse({ drift })).drift).toEqual({
    ...drift,
    window: { from: "02:00", to: "04:00" },
  });
  expect(PolicyFile.safeParse({ drift: { rule: [] } }).error?.message).toContain('"rule"');
});

test("what is typed counts, and what is not typed hides nothing", () => {
  expect(
    headPolicy({ probationSeconds: 0, acceptUnprotected: false, reboot: undefined }, file),
  ).toMatchObject({
    probationSeconds: 0,
    acceptUnprotected: false,
    reboot: "window",
    checks: [{ name: "web" }],
  });
});

test("the file's window is left out where no window is waited for", () => {
  const policy = headPolicy({ reboot: "when-needed" }, file);
  expect(policy.reboot).toBe("when-needed");
  expect(policy).not.toHaveProperty("rebootWindow");
});

test("a typed window that nobody would look at is refused; one for the nodes' own policy is not", () => {
  const rebootWindow = { from: "02:00", to: "04:00" };
  expect(() => headPolicy({ reboot: "never", rebootWindow })).toThrow(
    expect.objectContaining({ code: "usage", message: "--reboot-window says nothing with --reboot never" }),
  );
  expect(headPolicy({ rebootWindow })).toEqual({ rebootWindow });
});

test.each<[string, object, RegExp]>([
  ["a misspelt key", { rebot: "never" }, /"rebot"/u],
  ["a misspelt key of a check", { checks: [{ kind: "unit", name: "x", unti: "a.service" }] }, /unti|unit/u],
  ["a check of no kind", { checks: [{ kind: "moon", name: "x" }] }, /kind|Invalid/u],
  [
    "a command without an absolute path",
    { checks: [{ kind: "command", name: "x", argv: ["true"] }] },
    /absolute/u,
  ],
  [
    "two checks of one name",
    {
      checks: [
        { kind: "gpu", name: "x" },
        { kind: "nix", name: "x" },
      ],
    },
    /two checks have one name/u,
  ],
  ["a rule without a reason", { units: [{ unit: "a.service" }] }, /reason/u],
  ["a window without an end", { rebootWindow: "02:00" }, /like 02:00-04:00/u],
  ["a window of no time", { rebootWindow: "02:00-02:00" }, /different times/u],
  ["a window beyond the day", { rebootWindow: "02:00-24:30" }, /like 02:00-04:00/u],
  ["a window of three parts", { rebootWindow: "02:00-04:00-05:00" }, /like 02:00-04:00/u],
  ["a probation of days", { probationSeconds: 86_400 }, /3600/u],
  ["an activation of a second", { activationSeconds: 1 }, /10/u],
])("%s is refused", (_, given, message) => {
  const result = PolicyFile.safeParse(given);
  expect(JSON.stringify(result.error?.issues)).toMatch(message);
});
