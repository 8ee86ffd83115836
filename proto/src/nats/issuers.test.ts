import { expect, test } from "vitest";
import {
  controllerPermissions,
  leadPermissions,
  nodePermissions,
  operatorPermissions,
} from "../permissions.ts";
import { issuerRoles, systemTemplate, templateOf } from "./issuers.ts";

const fleet = "f".repeat(64);
const nkey = `U${"A".repeat(55)}`;

test.each([
  ["node", nodePermissions(fleet, "n1")],
  ["lead", leadPermissions(fleet, "n1")],
  ["controller", controllerPermissions(fleet)],
  ["operator", operatorPermissions(fleet, nkey)],
] as const)("filled in, the template of a %s allows what the list allows", (role, { publish, subscribe }) => {
  const text = JSON.stringify(templateOf(role, fleet))
    .replaceAll("{{name()}}", "n1")
    .replaceAll("{{subject()}}", nkey);
  const { pub, sub } = JSON.parse(text);
  expect(pub.allow).toEqual(publish.allow);
  expect(sub.allow).toEqual(subscribe.allow);
});

test.each(issuerRoles)("the template of a %s lets in no leaf node, WebSocket or MQTT", (role) => {
  expect(templateOf(role, fleet).allowed_connection_types).toEqual(["STANDARD"]);
});

/** As nats-server compares. */
function matches(pattern: string, subject: string): boolean {
  const [wanted, given] = [pattern.split("."), subject.split(".")];
  for (const [i, token] of wanted.entries()) {
    if (token === ">") return given.length > i;
    if (token !== "*" && token !== given[i]) return false;
  }
  return wanted.length === given.length;
}

test("what is denied besides stops no node of any name, and with the name * all that the name opened", () => {
  const { pub, sub } = templateOf("lead", fleet);
  const stopped = (name: string) => {
    const fill = (texts: string[] = []) => texts.map((text) => text.replaceAll("{{name()}}", name));
    const list = ({ allow, deny }: { allow: string[]; deny?: string[] }) =>
      allow
        .filter((text) => text.includes("{{name()}}") && !text.startsWith("_INBOX_"))
        .filter((text) => fill(deny).some((pattern) => matches(pattern, fill([text])[0] ?? "")));
    return [...list(pub), ...list(sub)].length;
  };
  for (const name of ["n1", "chimera", "head", "status", "session", "beat", "lead", "kv"])
    expect(stopped(name)).toBe(0);
  const named = [...pub.allow, ...sub.allow].filter((text) => text.includes("{{name()}}"));
  // The inbox is no wildcard, whatever stands in the middle of its word.
  expect(stopped("*")).toBe(named.filter((text) => !text.startsWith("_INBOX_")).length);
});

test("whoever has the system account's issuer may hand over an account's JWT, and hear nothing", () => {
  const { pub, sub } = systemTemplate("AFLEET");
  expect(pub.allow).toEqual(["$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.ACCOUNT.AFLEET.CLAIMS.LOOKUP"]);
  expect(sub.allow).toEqual(["_INBOX_system.>"]);
});
