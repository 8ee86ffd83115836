/** SHELL. What somebody sees of a command on many nodes while it runs. */
import type { Io } from "../io.ts";
import { printableLine } from "../print/printable.ts";
import { sessionLabel, type NodeView, type Output } from "./gather.ts";
import { outcomeRows } from "./outcome.ts";
import { outcomeText } from "./outcome-text.ts";
import type { Exec } from "./run-exec.ts";
import { createShower, type Shower, type ShowOptions } from "./show-output.ts";

export interface Shown {
  style: ShowOptions["style"];
  json: boolean;
}

export interface Screen {
  texts: Map<string, string>;
  show: (output: Output) => void;
  line: (isUp: boolean) => void;
  answered: (nodes: readonly NodeView[]) => void;
}

const mostText = 1 << 20;

export function createScreen(io: Io, exec: Exec, { style, json }: Shown): Screen {
  const labels = exec.nodes.map((node) => node.length);
  const extra = exec.action.copies === 1 ? 0 : `#${exec.action.copies}`.length;
  const shower = createShower({ style, width: Math.max(...labels) + extra, paint: io.paint });
  const texts = new Map<string, string>();
  const told = new Set<string>();
  const decoders = new Map<string, (bytes: Uint8Array) => string>();
  const say = (text: string): void => {
    if (json || told.has(text)) return;
    told.add(text);
    io.err(`chimera: ${text}\n`);
  };
  const keep = (of: string, bytes: Uint8Array): void => {
    const decode = decoders.get(of) ?? streamDecoder();
    decoders.set(of, decode);
    const text = `${texts.get(of) ?? ""}${decode(bytes)}`;
    texts.set(of, text.slice(-mostText));
  };
  return {
    texts,
    show(output) {
      const label = sessionLabel(exec.id, output.session);
      if (!json) io.out(textOf(shower, label, output));
      else if (output.kind === "bytes") keep(`${output.session.node}/${output.session.name}`, output.bytes);
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

function streamDecoder(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder();
  return (bytes) => decoder.decode(bytes, { stream: true });
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
  const view = { node: session.node, answer: null, sessions: [session] };
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
