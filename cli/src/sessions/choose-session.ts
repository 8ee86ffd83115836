/** SHELL. Which session is meant where none was named: the only one that there is, else whoever sits there chooses. */
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { Io } from "../io.ts";
import { printable, printableLine } from "../print/printable.ts";
import { livingRuns } from "../run-session/runs/find-run.ts";
import { newestFirst } from "./find-session.ts";
import { isAnywhere, withRoad, type Where } from "./with-road.ts";

interface Choice {
  text: string;
  what: string;
}

const mostOffered = 30;

/** What to attach to, as it would be typed. Throws not-found where there is nothing. */
export async function chooseSession(io: Io, where: Where): Promise<string> {
  const isOpen = where.context === undefined && where.socket === undefined;
  const runs = isOpen ? livingRuns(io) : [];
  const own = runs.map(({ id, record }) => ({ text: id, what: record.command.join(" ") }));
  const choices = [...own, ...(await ofFleet(io, where))];
  const [first] = choices;
  if (first === undefined)
    throw new ChimeraError("not-found", "no session lives here (chimera ps, chimera sessions)");
  if (choices.length === 1) return first.text;
  // As before there were fleets: the newest run of this machine.
  if (!io.inTty || !io.errTty) {
    if (own[0] !== undefined) return own[0].text;
    throw new ChimeraError(
      "usage",
      `which one? ${choices
        .slice(0, mostOffered)
        .map(({ text }) => text)
        .join(", ")}`,
    );
  }
  return ask(io, choices.slice(0, mostOffered));
}

/** A fleet that does not answer keeps nobody from what runs here. */
async function ofFleet(io: Io, where: Where): Promise<Choice[]> {
  if (!(await isAnywhere(io, where))) return [];
  try {
    return await withRoad(io, where, async (road) =>
      newestFirst(await road.list())
        .filter(({ facts: { state, kind } }) => state === "running" && kind !== "sentinel")
        .map(({ node, facts: { name, what } }) => ({ text: `${node}/${name}`, what })),
    );
  } catch (error) {
    if (!(error instanceof ChimeraError) || errorCodes[error.code].retry !== "backoff") throw error;
    io.err(`chimera: sessions of the fleet are not known: ${printable(error.message)}\n`);
    return [];
  }
}

async function ask(io: Io, choices: readonly Choice[]): Promise<string> {
  for (const [index, { text, what }] of choices.entries())
    io.err(`${String(index + 1).padStart(3)}  ${text}  ${printableLine(what).slice(0, 60)}\n`);
  const typed = (await io.ask("attach to (number or name)? ")).trim();
  const chosen = /^[0-9]{1,3}$/u.test(typed) ? choices[Number(typed) - 1]?.text : typed;
  if (chosen !== undefined && chosen !== "") return chosen;
  throw new ChimeraError("usage", "nothing was chosen");
}
