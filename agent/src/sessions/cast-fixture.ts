/** For tests: a recording, as a player reads it. */
import { readCastEvent, readCastHeader } from "@chimera/proto/sessions/cast";

/** A line that is no event is an error for a player too. */
export function stepsOf(file: string) {
  const [header = "", ...lines] = file.split("\n");
  if (readCastHeader(header) === null || lines.pop() !== "")
    throw new Error("no player reads its begin or its end");
  return lines.map((line) => {
    const step = readCastEvent(line);
    if (step === null || step.kind === "other") throw new Error(`no player reads ${line}`);
    return step;
  });
}
export const marksIn = (file: string) =>
  stepsOf(file).flatMap((step) => (step.kind === "marker" ? [step.text] : []));
export const shownIn = (file: string) =>
  stepsOf(file)
    .map((step) => (step.kind === "output" ? step.text : ""))
    .join("");
