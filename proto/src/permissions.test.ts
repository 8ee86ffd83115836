import { expect, test } from "vitest";
import { leadPermissions, nodePermissions, operatorPermissions } from "./permissions.ts";

test("a node may name nobody's subject but its own, and no wildcard of JetStream", () => {
  const { publish, subscribe } = nodePermissions("f1", "n1");
  for (const subject of publish.allow) expect(subject).toMatch(/\.f1(\.|$)/);
  for (const subject of [...publish.allow, ...subscribe.allow]) {
    expect(subject).not.toMatch(/^\$JS\.API\.>|^_INBOX\.>|^>|^\$KV\.>/);
  }
  const writes = publish.allow.filter((subject) => subject.startsWith("$KV."));
  expect(writes).toEqual(["$KV.chimera_status.f1.n1"]);
});

test("one that may lead writes the record and receipts on top, and nothing that is signed", () => {
  const { publish, subscribe } = leadPermissions("f1", "n1");
  for (const subject of [...publish.allow, ...subscribe.allow]) {
    expect(subject).not.toMatch(/^\$JS\.API\.>|^_INBOX\.>|^>|^\$KV\.>/);
  }
  const writes = publish.allow.filter((subject) => subject.startsWith("$KV."));
  expect(writes).toEqual([
    "$KV.chimera_status.f1.n1",
    "$KV.chimera.rollout.f1",
    "$KV.chimera.rollout.f1.receipts.*",
  ]);
});

test("an operator may write a panic, ask nodes, and send keys, which count only under a signed order; of sessions he sees what all show", () => {
  const { publish, subscribe } = operatorPermissions("f1", "UA");
  for (const subject of [...publish.allow, ...subscribe.allow]) {
    expect(subject).not.toMatch(/^\$JS\.API\.>|^_INBOX\.>|^>|^\$KV\.>/);
  }
  const writes = publish.allow.filter((subject) => !subject.startsWith("$JS.API.DIRECT.GET."));
  expect(writes).toEqual(["$KV.chimera.panic.f1", "chimera.f1.cmd.*", "chimera.f1.session.*.*.in"]);
  expect(subscribe.allow).toContain("chimera.f1.session.*.*.view.*");
});
