/** The answer of a node's agent, out of all that a login may say around it. */
import { answerMark } from "@chimera/proto/delivery";
import { errorChain } from "@chimera/proto/errors";
import { localError } from "@chimera/proto/local-api";
import { NodeName } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { quietLocalStatus } from "../../../test/fixture/quiet-local-status.ts";
import { answerOf } from "./remote-agent.ts";

const n1 = NodeName.parse("n1");
const good = JSON.stringify({ v: 1, ok: true, outcome: "reported", status: quietLocalStatus });
const said = (stdout: string, exitCode = 0, stderr = "") => answerOf(n1, { stdout, stderr, exitCode });

test("is found among a banner and the words of a login shell; the last one counts", () => {
  const other = JSON.stringify(localError("held", "an older answer"));
  const noise = `Welcome to n1!\n{"v":1,"ok":true}\n${answerMark}{"not":"ours"}\n${answerMark}${other}\n${answerMark}${good}\nbye\n`;
  expect(said(noise)).toMatchObject({ ok: true, outcome: "reported" });
});

test("a refusal keeps its code, and whatever the node says stays on one plain line", () => {
  const refusal = JSON.stringify(localError("fleet-mismatch", "the bundle is for fleet \u001b[2J\nxyz"));
  expect(() => said(`${answerMark}${refusal}\n`, 65)).toThrow(
    expect.objectContaining({
      code: "fleet-mismatch",
      message: expect.stringMatching(/^n1: [\x20-\x7e]*xyz$/u),
    }),
  );
  const unknown = JSON.stringify(localError("from-the-future", "x"));
  expect(() => said(`${answerMark}${unknown}`)).toThrow(expect.objectContaining({ code: "tool-failed" }));
});

test.each<[string, [number, string], RegExp]>([
  ["no agent", [127, "sh: not found"], /is this a node of the fleet.*not found/u],
  ["one that may not be run", [126, ""], /must be root/u],
  ["an older agent", [64, "usage: chimera-agent run"], /older than `--over ssh`.*nixos-rebuild/u],
  ["an agent that dies", [1, "boom"], /ended with 1.*boom/u],
])("%s is said to be that", (_, [exitCode, stderr], message) => {
  expect(chainOf(() => said("Welcome!\n", exitCode, stderr))).toMatch(message);
});

function chainOf(work: () => unknown): string {
  try {
    work();
    return "nothing was thrown";
  } catch (error) {
    return errorChain(error);
  }
}

test("half an answer, and garbage behind the mark, is none", () => {
  for (const text of [`${answerMark}${good.slice(0, 40)}`, `${answerMark}[]`, answerMark, good, ""]) {
    expect(() => said(text, 1)).toThrow(expect.objectContaining({ code: "tool-failed" }));
  }
});
