import { expect, test } from "vitest";
import { explainPolicy, type PolicyQuestion, type PolicySight } from "./explain-policy.ts";

const settings = { mode: "revert", classes: {}, store: { mode: "report" } } as const;
const question = (over: Partial<PolicyQuestion> = {}): PolicyQuestion => ({
  part: "etc",
  path: "/etc/motd",
  told: null,
  isRuleless: false,
  ...over,
});
const sight = (over: Partial<PolicySight> = {}): PolicySight => ({
  settings,
  isHeld: false,
  restUntil: null,
  openWhy: null,
  stance: { kind: "revert", by: "mode" },
  ...over,
});
const ignoring = { kind: "ignore", why: "rule", by: "head" } as const;
const rule = { kind: "revert", by: "head" } as const;
const ordered = { kind: "report", why: "ignored until then by anna", by: "order" } as const;

test.each<[what: string, PolicyQuestion, PolicySight, mode: string, setBy: string, change: RegExp]>([
  [
    "/etc by default",
    question(),
    sight(),
    "revert",
    "default",
    /drift\.mode to "report" or "ignore".*drift ignore/u,
  ],
  [
    "units by default",
    question({ part: "units" }),
    sight(),
    "report",
    "default",
    /drift\.classes\.units to "revert" or "ignore"; for single paths .*drift\.rules/u,
  ],
  [
    "mounts by default",
    question({ part: "mounts" }),
    sight(),
    "report",
    "default",
    /drift\.classes\.mounts to "revert"/u,
  ],
  [
    "the store by default",
    question({ part: "store" }),
    sight(),
    "report",
    "default",
    /drift\.store\.mode to "revert"/u,
  ],
  [
    "wrappers by default",
    question({ part: "wrappers" }),
    sight(),
    "revert",
    "default",
    /drift\.classes\.wrappers to "report"/u,
  ],
  [
    "pointers by default",
    question({ part: "pointers" }),
    sight(),
    "revert",
    "default",
    /drift\.classes\.pointers to "report"/u,
  ],
  [
    "a class that is set",
    question({ part: "units" }),
    sight({ settings: { ...settings, classes: { units: "revert" } } }),
    "revert",
    "module",
    /drift\.classes\.units to "report"/u,
  ],
  [
    "a class that follows the mode",
    question({ part: "wrappers" }),
    sight({ settings: { ...settings, mode: "report" } }),
    "report",
    "module",
    /drift\.classes\.wrappers to "revert"/u,
  ],
  [
    "a class that is ignored, though a rule names the path",
    question({ part: "units" }),
    sight({ settings: { ...settings, classes: { units: "ignore" } }, stance: rule }),
    "ignore",
    "module",
    /drift\.classes\.units to "report" or "revert"/u,
  ],
  [
    "all of /etc ignored, under a hold",
    question(),
    sight({ settings: { ...settings, mode: "ignore" }, isHeld: true }),
    "ignore",
    "module",
    /drift\.mode to/u,
  ],
  [
    "pointers that follow a mode that ignores",
    question({ part: "pointers" }),
    sight({ settings: { ...settings, mode: "ignore" } }),
    "ignore",
    "module",
    /drift\.classes\.pointers to "report" or "revert"/u,
  ],
  [
    "a hold above a rule",
    question(),
    sight({ isHeld: true, stance: rule }),
    "report",
    "hold",
    /hold release/u,
  ],
  [
    "accounts, whatever is set",
    question({ part: "accounts", told: "never changed" }),
    sight({ settings: { ...settings, classes: { accounts: "revert" } }, stance: rule }),
    "report",
    "agent",
    /drift\.classes\.accounts = "ignore"/u,
  ],
  [
    "a fight",
    question(),
    sight({ restUntil: "2026-11-23T12:00:00.000Z" }),
    "report",
    "agent",
    /^chimera drift resume NODE \/etc\/motd$/u,
  ],
  ["an order", question({ part: "units" }), sight({ stance: ordered }), "report", "order", /drift unignore/u],
  [
    "the head's rule",
    question({ part: "units" }),
    sight({ stance: rule }),
    "revert",
    "head",
    /chimera\.toml/u,
  ],
  [
    "the node's rule",
    question(),
    sight({ stance: { kind: "ignore", why: "rule", by: "module" } }),
    "ignore",
    "module",
    /settings\.drift of the node/u,
  ],
  [
    "a mount, of which only its class is asked",
    question({ part: "mounts" }),
    sight({ stance: rule }),
    "report",
    "default",
    /drift\.classes\.mounts/u,
  ],
  [
    "a mount that a rule ignores",
    question({ part: "mounts" }),
    sight({ stance: ignoring }),
    "ignore",
    "head",
    /chimera\.toml/u,
  ],
  [
    "what could not be put back so far",
    question(),
    sight({ openWhy: "the file system is full" }),
    "revert",
    "default",
    /^chimera drift resume NODE \/etc\/motd has it tried again; set /u,
  ],
  [
    "what is only reported, whatever became of it",
    question({ part: "units" }),
    sight({ openWhy: "it is only reported" }),
    "report",
    "default",
    /^set /u,
  ],
  [
    "the running system, of which no rule is asked",
    question({ part: "pointers", isRuleless: true }),
    sight({ stance: ordered }),
    "revert",
    "default",
    /^set \S+drift\.classes\.pointers to "report" or "ignore"$/u,
  ],
])("%s", (...[, asked, seen, mode, setBy, change]) => {
  const said = explainPolicy(asked, seen);
  expect(said).toMatchObject({ mode, setBy, change: expect.stringMatching(change) });
  expect(said.why).not.toBe("");
});

test("of what hands out rights a fight is explained as it is: put back once a minute", () => {
  const fought = sight({ restUntil: "2026-11-23T12:00:00.000Z" });
  const why = (path: string) => explainPolicy({ ...question(), path }, fought).why;
  expect(why("/etc/sudoers")).toContain("only put back once a minute until 2026-11-23T12");
  expect(why("/etc/motd")).toContain("only reported until 2026-11-23T12");
});
