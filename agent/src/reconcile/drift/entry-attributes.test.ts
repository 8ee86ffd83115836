/** What lsattr and getfattr print, as they print it. */
import { expect, test } from "vitest";
import { attributesItem, parseAttributeNames, parseFlags } from "./entry-attributes.ts";

test("of all flags only those that hinder a change count", () => {
  const text = [
    "----i---------e------- /etc/sudoers",
    "-----a--------e------- /etc/a name with  spaces",
    "----ia--------e------- /etc/both",
    "--------------e------- /etc/plain",
    "-------A---I--e------- /etc",
    "",
  ].join("\n");
  expect([...parseFlags(text)]).toEqual([
    ["/etc/sudoers", ["immutable"]],
    ["/etc/a name with  spaces", ["append-only"]],
    ["/etc/both", ["immutable", "append-only"]],
  ]);
});

test("attributes are listed by name, without the labels that the system itself gives", () => {
  const text = [
    "# file: /etc/sudoers",
    "security.selinux",
    "system.posix_acl_access",
    "user.note",
    "",
    String.raw`# file: /etc/a\134b`,
    "security.ima",
    "",
  ].join("\n");
  expect([...parseAttributeNames(text)]).toEqual([
    ["/etc/sudoers", ["system.posix_acl_access", "user.note"]],
    [String.raw`/etc/a\b`, []],
  ]);
});

test("an event lists a bounded number of names", () => {
  const many = Array.from({ length: 100 }, (_, index) => `user.${index}${"x".repeat(300)}`);
  const names = parseAttributeNames(["# file: /etc/ssh", ...many].join("\n")).get("/etc/ssh") ?? [];
  const item = attributesItem({ kind: "directory", path: "ssh" }, names);
  expect(item).toMatchObject({ path: "/etc/ssh", kind: "attributes", expected: { type: "directory" } });
  expect(item.found.attributes).toHaveLength(32);
  expect(item.found.attributes?.every((name) => name.length <= 256)).toBe(true);
});
