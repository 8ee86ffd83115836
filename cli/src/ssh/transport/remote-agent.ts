/** SHELL. The agent of a node, asked through ssh: marked JSON lines, parsed by proto's schemas; what else is said is noise. */
import { answerMark, type Delivery } from "@chimera/proto/delivery";
import { ChimeraError, errorChain, isErrorCode } from "@chimera/proto/errors";
import { LocalAnswer, maxAnswerBytes } from "@chimera/proto/local-api";
import type { NodeName } from "@chimera/proto/names";
import { printableLine } from "../../print/printable.ts";
import { remoteAgent } from "./ssh-argv.ts";
import type { RemoteResult, Ssh } from "./ssh-client.ts";
import { lastWords } from "./ssh-failure.ts";

export type RemoteAnswer = Extract<LocalAnswer, { ok: true }>;

/** A connection, a start of the agent's program, and an answer. */
const reportMs = 30_000;
/** The same, with a bundle that may hold some megabytes, over a slow line. */
const deliverMs = 300_000;

/** Of whoever cannot wait as long as usual. */
export interface Hurry {
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

/** Throws what ssh or the agent has against it, with the code of that. */
export async function askReport(ssh: Ssh, node: NodeName, { signal }: Hurry = {}): Promise<RemoteAnswer> {
  const target = ssh.targetOf(node);
  const call = { target, words: [remoteAgent, "report"], timeoutMs: reportMs, signal };
  return answerOf(node, await ssh.run(call));
}

/** The same. A bundle that was taken, and whose answer was lost, is known to the node when it comes again. */
export async function deliver(
  ssh: Ssh,
  bundle: Delivery,
  { timeoutMs = deliverMs, signal }: Hurry = {},
): Promise<RemoteAnswer> {
  const { node } = bundle;
  const words = [remoteAgent, "deliver"];
  const call = {
    target: ssh.targetOf(node),
    words,
    input: `${JSON.stringify(bundle)}\n`,
    timeoutMs,
    signal,
  };
  return answerOf(node, await ssh.run(call));
}

/** Each answer as it comes, until `signal` ends it, or the connection is lost. */
export async function watchReports(
  ssh: Ssh,
  { node, serial, signal }: { node: NodeName; serial: number; signal: AbortSignal },
  onAnswer: (answer: LocalAnswer) => void,
): Promise<void> {
  await ssh.watch({
    target: ssh.targetOf(node),
    words: [remoteAgent, "follow", `${serial}`, "--json"],
    signal,
    onLine(line) {
      const answer = parseLine(line);
      if (answer !== null) onAnswer(answer);
    },
  });
}

/** Null for noise. */
function parseLine(line: string): LocalAnswer | null {
  if (!line.startsWith(answerMark) || line.length > maxAnswerBytes + answerMark.length) return null;
  try {
    return LocalAnswer.safeParse(JSON.parse(line.slice(answerMark.length))).data ?? null;
  } catch {
    return null;
  }
}

/** The last marked line counts. */
export function answerOf(node: NodeName, { stdout, stderr, exitCode }: RemoteResult): RemoteAnswer {
  const answer = stdout
    .split("\n")
    .flatMap((line) => parseLine(line) ?? [])
    .at(-1);
  if (answer === undefined) throw silence(node, { exitCode, stderr });
  if (answer.ok) return answer;
  const { code, message } = answer.error;
  const said = `${node}: ${printableLine(message)}`;
  throw new ChimeraError(isErrorCode(code) ? code : "tool-failed", said);
}

function silence(
  node: NodeName,
  { exitCode, stderr }: Pick<RemoteResult, "exitCode" | "stderr">,
): ChimeraError {
  const cause = new Error(lastWords(stderr));
  const { code, what } = silences[exitCode] ?? {
    code: "tool-failed" as const,
    what: `its agent's program ended with ${exitCode} and said nothing that this chimera understands`,
  };
  return new ChimeraError(code, `${node}: ${what}`, { cause });
}

const silences: Readonly<Record<number, { code: "tool-missing" | "tool-failed"; what: string }>> = {
  126: {
    code: "tool-missing",
    what: `${remoteAgent} may not be run by whom ssh logs in as: it must be root`,
  },
  127: { code: "tool-missing", what: `there is no ${remoteAgent}: is this a node of the fleet?` },
  64: {
    code: "tool-failed",
    what: "its agent is older than `--over ssh`: give it a newer system through the controller, or by hand (nixos-rebuild)",
  },
};

/** Why a node could not be asked, in a line. */
export function reasonOf(error: ChimeraError): string {
  return printableLine(errorChain(error));
}
