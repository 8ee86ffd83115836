/** How ssh is started, whom it is let to, and what its own words lead to. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { quoteWord, sshArgv, sshOptions } from "./ssh-argv.ts";
import { sshFailure } from "./ssh-failure.ts";
import { SshFile, sshSettings, SshTarget } from "./ssh-settings.ts";

const n1 = NodeName.parse("n1");
const folder = "/run/user/0/chimera-x";

describe("the command line", () => {
  test("always checks host keys, asks nobody anything, learns no key, and ends ssh's own options before the target", () => {
    const options = sshOptions(sshSettings(undefined, []), folder);
    expect(options).toEqual(
      expect.arrayContaining([
        "-oStrictHostKeyChecking=yes",
        "-oUpdateHostKeys=no",
        "-oBatchMode=yes",
        "-oConnectTimeout=10",
        "-oServerAliveInterval=5",
        `-oControlPath=${folder}/%C`,
        "-oForwardAgent=no",
      ]),
    );
    expect(options.join(" ")).not.toMatch(/accept-new|=no-check|StrictHostKeyChecking=no/u);
    const argv = sshArgv(options, SshTarget.parse("root@n1"), ["agent", "follow", "7"]);
    expect(argv.slice(-4)).toEqual(["-T", "--", "root@n1", "agent follow 7"]);
  });

  test("with host keys of one's own, no other list counts; Nix, which splits options at spaces, gets them whole", () => {
    const file = SshFile.parse({ knownHosts: "/etc/fleet/known_hosts", identityFile: "/root/.ssh/fleet" });
    const options = sshOptions(sshSettings(file, []), folder);
    expect(options).toEqual(
      expect.arrayContaining([
        "-oUserKnownHostsFile=/etc/fleet/known_hosts",
        "-oGlobalKnownHostsFile=/dev/null",
        "-oKnownHostsCommand=none",
        "-oIdentitiesOnly=yes",
      ]),
    );
    for (const option of options) expect(option).not.toMatch(/\s|['"]/u);
  });

  test.each([
    [["plain-1.2/x"]],
    [["two words", ""]],
    [["$(touch /tmp/never)", "`id`", "a;b", "a&&b", "a|b", ">x", "*"]],
    [["it's", "''", "'", `"`, "\\", "a\nb", "\t", "~", "#c", "!x", "é"]],
  ])("words reach a shell's program as they are: %j", async (words) => {
    const script = ["printf", String.raw`%s\0`, ...words].map(quoteWord).join(" ");
    const { stdout } = await execa("sh", ["-c", script]);
    expect(stdout).toBe(words.map((word) => `${word}\0`).join(""));
  });
});

describe("targets", () => {
  test("are root@<node>, or what chimera.toml says, or what is typed", () => {
    const file = SshFile.parse({ user: "deploy", targets: { n2: "root@10.0.0.2" } });
    const { targetOf } = sshSettings(file, ["n3=gate.example.org"]);
    expect([n1, "n2", "n3"].map((node) => targetOf(NodeName.parse(node)))).toEqual([
      "deploy@n1",
      "root@10.0.0.2",
      "gate.example.org",
    ]);
    expect(sshSettings(undefined, []).targetOf(n1)).toBe("root@n1");
  });

  test.each([
    "-oProxyCommand=touch /tmp/never",
    "root@-oProxyCommand=x",
    "-n1",
    "root@",
    "@n1",
    "",
    "n1 n2",
    "n1;id",
    "n1\n",
    "ssh://n1",
    "n1?compress=true",
    "[::1]",
    "n1-",
    "a".repeat(301),
  ])("refuses %j", (text) => {
    expect(SshTarget.safeParse(text).success).toBe(false);
    expect(() => sshSettings(undefined, [`n1=${text}`])).toThrow(ChimeraError);
  });

  test.each(["n1", "=x", "-n1=x", "N1=x", "n_1=x"])("refuses the assignment %j", (text) => {
    expect(() => sshSettings(undefined, [text])).toThrow(expect.objectContaining({ code: "usage" }));
  });

  test.each([
    { knownHosts: "relative" },
    { knownHosts: "/with space" },
    { knownHosts: "/quo'te" },
    { user: "-root" },
    { targets: { n1: "-x" } },
    { targets: { "-n1": "x" } },
    { strictHostKeyChecking: "no" },
  ])("[ssh] of chimera.toml refuses %j", (file) => {
    expect(SshFile.safeParse(file).success).toBe(false);
  });
});

const says = (code: string, way: RegExp) => ({ code, message: expect.stringMatching(way) });

describe("what ssh says", () => {
  const changed = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Host key for n1 has changed and you have requested strict checking.
Host key verification failed.`;
  const unknown =
    "No ED25519 host key is known for n1 and you have requested strict checking.\nHost key verification failed.";
  test.each<[string, string, object]>([
    ["a changed host key", changed, says("signature-invalid", /has CHANGED.*ssh-keygen -R n1/u)],
    [
      "an unknown host key",
      unknown,
      says("signature-invalid", /is not known here.*compare.*~\/.ssh\/known_hosts/u),
    ],
    ["a refused key", "root@n1: Permission denied (publickey).", says("role-forbidden", /ssh root@n1 true/u)],
    [
      "no such host",
      "ssh: Could not resolve hostname n1: Name or service not known",
      says("server-unreachable", /--ssh-target/u),
    ],
    [
      "a closed port",
      "ssh: connect to host n1 port 22: Connection refused",
      says("server-unreachable", /could not connect/u),
    ],
    ["nothing", "", says("server-unreachable", /could not connect/u)],
  ])("%s says what to do", (_, stderr, said) => {
    expect(sshFailure("root@n1", stderr)).toMatchObject(said);
  });

  test("of a host key names the file that counts", () => {
    for (const stderr of [changed, unknown]) {
      const { message } = sshFailure("root@n1", stderr, "/etc/fleet/known_hosts");
      expect(message).toContain("/etc/fleet/known_hosts");
      expect(message).not.toContain("~/.ssh");
      expect(message).not.toContain(">>");
    }
  });

  test("in somebody's escape sequences stays on one plain line", () => {
    const { cause } = sshFailure("root@n1", "\u001b[2Jall is well\nreally\u0007");
    expect(cause).toMatchObject({ message: expect.stringMatching(/^[\x20-\x7e]*$/u) });
  });
});
