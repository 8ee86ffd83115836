/** Members that somebody added to groups which hand out rights. */
import { expect, test } from "vitest";
import { addedMembers } from "./added-members.ts";
import type { ExpectedAccounts } from "./expected-accounts.ts";

const declared: ExpectedAccounts = {
  users: [],
  groups: [
    { name: "root", gid: 0, members: [] },
    { name: "wheel", gid: 1, members: ["ada"] },
    { name: "docker", gid: null, members: [] },
    { name: "users", gid: 100, members: [] },
  ],
  isMutable: true,
};

test.for<[string, string[]]>([
  ["root:x:0:\nwheel:x:1:ada\ndocker:x:131:\n", []],
  ["wheel:x:1:ada,evil\n", ["gid 1 members ada,evil"]],
  ["wheel:x:1:\n", []],
  ["docker:x:131:evil\n", ["gid 131 members evil"]],
  ["users:x:100:eve\n", []],
  ["disk:x:6:eve\n", []],
  ["mine:x:0:eve\n", ["gid 0 members eve"]],
  ["mine:x:+0:eve\n", ["gid 0 members eve"]],
])("of %j %j is told", ([group, texts]) => {
  expect(addedMembers(declared, group).map(({ found }) => found.text)).toEqual(texts);
});

test("where users are not mutable, or nothing is declared, it says nothing", () => {
  expect(addedMembers({ ...declared, isMutable: false }, "wheel:x:1:evil\n")).toEqual([]);
  expect(addedMembers(null, "root:x:0:evil\n")).toEqual([]);
});
