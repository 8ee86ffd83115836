/** SHELL. A command followed to its end, or to where somebody pressed Ctrl-C and says what is to become of it. */
import { setTimeout as delay } from "node:timers/promises";
import type { Io } from "../io.ts";
import { createObserver } from "../fleet/operator.ts";
import { collectAnswers } from "../order/send-order.ts";
import { draftOrder, signOrder } from "../order/sign-order.ts";
import { printableJson } from "../print/printable.ts";
import type { Shown } from "./exec-screen.ts";
import type { KeptText } from "./keep-text.ts";
import { exitOf } from "./outcome.ts";
import { summaryText } from "./outcome-text.ts";
import { resumeText, runExec, type Exec, type Ran } from "./run-exec.ts";

/** As a shell has it for what SIGINT ended. */
const interruptedCode = 130;

export async function finishExec(io: Io, exec: Exec, shown: Shown): Promise<void> {
  const ran = await runExec(io, exec, shown);
  if (ran.isOver || !io.signal.aborted) return tellEnd(io, exec, { ran, shown });
  // What was aborted is aborted for good: whoever goes on does it with a signal that nobody has used.
  const anew = { ...io, signal: new AbortController().signal, sleep: (ms: number) => delay(ms) };
  const wish = shown.json ? "d" : await askWish(io, exec);
  if (wish === "e") await endExec(anew, exec);
  if (wish === "e" || wish === "w") {
    const more = await runExec(anew, exec, shown);
    return tellEnd(io, exec, { ran: more, shown });
  }
  io.err(`chimera: it goes on; ${resumeText(exec.id)} gathers the rest\n`);
  io.result.code = interruptedCode;
}

/** Where nobody can answer, it goes on without whoever called. */
async function askWish(io: Io, { id }: Exec): Promise<string> {
  if (!io.inTty || !io.errTty) return "d";
  const question = `\nThe command goes on. (d)etach, (e)nd it on all nodes, or (w)atch on? [${resumeText(id)} comes back] `;
  const answer = await io.ask(question).catch(() => "d");
  return answer.trim().toLowerCase().slice(0, 1);
}

async function endExec(io: Io, { observer, order, id, nodes }: Exec): Promise<void> {
  const fresh = await createObserver(io, { context: observer.context.name });
  const draft = draftOrder(io, order.fleetId, {
    nodes,
    action: { kind: "exec-end", order: id, signal: "SIGTERM" },
    reason: "",
    notAfterMs: Math.max(io.nowMs() + 60_000, Date.parse(order.notAfter)),
  });
  const signed = await signOrder(io, fresh, draft);
  if (signed.kind === "proposed") {
    io.err(`chimera: others must sign the end too: chimera sign ${signed.id.slice(0, 12)}\n`);
    return;
  }
  const answers = await collectAnswers(fresh, signed.envelope);
  const ended = answers.filter(({ kind }) => kind === "accepted").length;
  io.err(`chimera: ${ended} of ${answers.length} nodes end it\n`);
}

const noText: KeptText = { text: "", missingBytes: 0 };

/** `missingBytes`: of what it wrote, and `output` does not have. */
function outputOf(kept: KeptText | null): { output: string | null; missingBytes: number | null } {
  return { output: kept?.text ?? null, missingBytes: kept?.missingBytes ?? null };
}

function tellEnd(io: Io, exec: Exec, { ran, shown }: { ran: Ran; shown: Shown }): void {
  const { rows, texts } = ran;
  if (shown.json) {
    const results = rows.map(({ node, session, outcome }) => ({
      node,
      session,
      ...outcome,
      ...outputOf(session === null ? null : (texts.get(`${node}/${session}`) ?? noText)),
    }));
    io.out(`${printableJson({ order: exec.id, argv: exec.action.argv, results }, 2)}\n`);
  } else io.err(summaryText(rows, exec.action, io.paint));
  io.result.code = exitOf(rows);
}
