/** What is said of what is only told, as kernel and accounts, and of what nobody compares. */
import { symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { useShowFixture } from "./show-fixture.ts";

const fixture = useShowFixture();
const at = (path: string) => fixture().at(path);
const write = (path: string, text: string) => fixture().machine.write(path, text);

function boot(): void {
  write("store/system/kernel-params", "loglevel=4\n");
  write("store/system/kernel-modules/lib/modules/6.12.1/modules.dep", "kernel/good.ko.xz:\n");
  write("proc/cmdline", "loglevel=7\n");
  write("proc/sys/kernel/osrelease", "6.12.1\n");
  write("sys/module/rootkit/initstate", "live\n");
  symlinkSync(fixture().machine.toplevel, at("run/booted-system"));
}

test("parameters, release and modules are told, and only a restart changes them", async () => {
  boot();
  const stance = { mode: "report", setBy: "agent", why: "only a restart changes it" };
  expect(await fixture().explain("/proc/cmdline")).toMatchObject({
    explanation: {
      kind: "managed",
      part: "kernel",
      entry: at("store/system/kernel-params"),
      expected: { text: "loglevel=4" },
    },
    open: { kind: "kernel" },
    now: { text: "loglevel=7" },
    stance,
  });
  expect(await fixture().explain("/proc/sys/kernel/osrelease")).toMatchObject({
    explanation: { kind: "managed", expected: { text: "6.12.1" } },
    open: null,
    stance,
  });
  expect(await fixture().explain("/sys/module/rootkit")).toMatchObject({
    open: { kind: "kernel" },
    now: { text: "loaded" },
  });
  expect(await fixture().explain("/sys/module/none")).toMatchObject({
    open: null,
    now: { text: "not loaded, or built in" },
  });
  expect((await fixture().explain("/proc/sys/net/ipv4/ip_forward")).explanation).toMatchObject({
    kind: "outside",
    because: expect.stringContaining("sysctl"),
  });
});

test("a container has no kernel of its own", async () => {
  boot();
  write("run/systemd/container", "lxc\n");
  expect((await fixture().explain("/proc/cmdline")).explanation).toMatchObject({
    kind: "undeclared",
    because: expect.stringContaining("container"),
  });
});

function declare(): void {
  write(
    "store/system/etc/sysusers.d/00-nixos.conf",
    'g wheel 1\nu anna 1000:users "" /home/anna /bin/sh\nm anna wheel\n',
  );
  write(
    "etc/passwd",
    "root:x:0:0::/root:/bin/sh\nanna:secrethash:1000:100::/home/anna:/bin/zsh\ntoor:x:0:0::/:/bin/sh\n",
  );
  write("etc/group", "root:x:0:\nwheel:x:1:\nusers:x:100:\n");
}

test("a user and a group are explained by their names, without what might be a password", async () => {
  declare();
  const anna = await fixture().explain("/etc/passwd#anna");
  expect(anna).toMatchObject({
    explanation: {
      kind: "managed",
      part: "accounts",
      entry: at("store/system/etc/sysusers.d/00-nixos.conf"),
      expected: { text: "uid 1000 gid 100 home /home/anna shell /bin/sh" },
    },
    open: { kind: "account" },
    now: { text: "uid 1000 gid 100 home /home/anna shell /bin/zsh" },
    stance: { mode: "report", setBy: "agent", why: expect.stringContaining("never changed") },
  });
  write("etc/passwd", "anna:secrethash:1000:100::/home/anna:/bin/sh\ntoor:x:0:0::/:/bin/sh\n");
  const right = await fixture().explain("/etc/passwd#anna");
  expect(right).toMatchObject({
    open: null,
    now: { text: "uid 1000 gid 100 home /home/anna shell /bin/sh" },
  });
  expect(JSON.stringify([anna, right])).not.toContain("secrethash");
  expect(await fixture().explain("/etc/group#wheel")).toMatchObject({
    explanation: { expected: { text: "gid 1 members anna" } },
    open: { kind: "account" },
  });
});

test("a second root is told, and any other account is nobody's business", async () => {
  declare();
  expect(await fixture().explain("/etc/passwd#toor")).toMatchObject({
    explanation: {
      kind: "managed",
      expected: { type: "missing" },
      because: expect.stringContaining("uid 0"),
    },
    open: { kind: "account" },
  });
  for (const path of ["/etc/passwd#nobody-knows", "/etc/group#users"])
    expect((await fixture().explain(path)).explanation).toMatchObject({
      kind: "undeclared",
      part: "accounts",
    });
});

test.each(["/root/.ssh/authorized_keys", "/home/anna/x", "/var/lib/x", "/usr/bin/sudo", "/tmp"])(
  "%s is compared by nobody, and that is said with what is",
  async (path) => {
    expect(await fixture().show(path)).toMatchObject({
      explanation: { kind: "outside", because: expect.stringContaining("only /etc") },
      stance: { mode: "ignore" },
      content: { kind: "not-shown" },
      evidence: [],
    });
  },
);
