/** SHELL. What somebody sees of a command on many nodes while it runs. */
import type { Io } from "../io.ts";
import { printableLine } from "../print/printable.ts";
import { sessionLabel, type NodeView, type Output } from "./gather.ts";
import { createTextKeeper, type KeptText, type TextKeeper } from "./keep-text.ts";
import { outcomeRows } from "./outcome.ts";
import { outcomeText } from "./outcome-text.ts";
import type { Exec } from "./run-exec.ts";
import { createShower, type Shower, type ShowOptions } from "./show-output.ts";

export interface Shown {
  style: ShowOptions["style"];
  json: boolean;
}

export interface Screen {
  texts: () => Map<string, KeptText>;
  show: (output: Output) => void;
  line: (isUp: boolean) => void;
  answered: (nodes: readonly NodeView[]) => void;
}

export function createScreen(io: Io, exec: Exec, { style, json }: Shown): Screen {
  const labels = exec.nodes.map((node) => node.length);
  const extra = exec.action.copies === 1 ? 0 : `#${exec.action.copies}`.length;
  const shower = createShower({ style, width: Math.max(...labels) + extra, paint: io.paint });
  const keeper = createTextKeeper();
  const told = new Set<string>();
  const say = (text: string): void => {
    if (json || told.has(text)) return;
    told.add(text);
    io.err(`chimera: ${text}\n`);
  };
  return {
    texts: keeper.texts,
    show(output) {
      if (json) return keepOutput(keeper, output);
      io.out(textOf(shower, sessionLabel(exec.id, output.session), output));
    },
    line(isUp) {
      if (!isUp) say("the controller is not heard; it is asked again, and the command goes on");
      else told.clear();
    },
    answered(nodes) {
      for (const text of answerTexts(nodes, exec)) say(text);
    },
  };
}

function keepOutput(keeper: TextKeeper, output: Output): void {
  const of = `${output.session.node}/${output.session.name}`;
  if (output.kind === "bytes") keeper.bytes(of, output.bytes);
  else if (output.kind === "gap") keeper.gap(of, output.bytes);
}

function textOf(shower: Shower, label: string, output: Output): string {
  switch (output.kind) {
    case "bytes":
      return shower.bytes(label, output.bytes);
    case "gap":
      return shower.gap(label, output.bytes);
    case "over":
      return shower.over(label, overText(output));
  }
}

function overText({ session }: Extract<Output, { kind: "over" }>): string {
  const view = { node: session.node, answer: null, sessions: [session], heardMs: 0 };
  const [row] = outcomeRows(view, { copies: 1 });
  return row === undefined ? "" : outcomeText(row.outcome);
}

/** What is to be said of nodes that do not run it. */
function answerTexts(nodes: readonly NodeView[], { order, action }: Exec): string[] {
  return nodes.flatMap(({ node, answer, sessions }) => {
    if (answer?.kind === "refused" && sessions.length === 0)
      return [`${node} refused: ${printableLine(`${answer.code}: ${answer.reason}`)}`];
    if (answer?.kind === "unproven") return [`${node}: ${printableLine(answer.reason)}`];
    const isAway = answer?.kind === "silent" && sessions.length === 0 && action.atOnce === null;
    return isAway ? [`${node} does not answer: it begins only if it does before ${order.notAfter}`] : [];
  });
}
