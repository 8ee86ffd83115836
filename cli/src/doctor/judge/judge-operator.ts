/** PURE. Whether an operator can work from this machine, from facts that were gathered on it. */
import type { OperatorFacts } from "../facts.ts";
import { judgeSecret } from "./files.ts";
import { fail, fine, warn, type Found } from "./found.ts";
import { judgeController, judgeVersion } from "./network.ts";
import { judgeClock } from "./time.ts";

export function judgeOperator(facts: OperatorFacts, uid: number): Found[] {
  const { controller, nowMs } = facts;
  return [
    ...judgeContext(facts),
    ...facts.secrets.flatMap((secret) => judgeKeyFile(secret, uid)),
    ...judgeProject(facts),
    ...facts.tools.map(judgeTool),
    ...judgeController(controller, nowMs),
    ...judgeVersion({ what: "chimera here", version: facts.cliVersion }, controller),
    ...judgeClock(facts.clock, controller),
  ];
}

function judgeContext({ contextFile, context }: OperatorFacts): Found[] {
  const at = { check: "context", where: contextFile.path };
  if ("problem" in context) {
    const why = "without a context no fleet is known";
    return [
      fail(at, {
        what: context.problem,
        why,
        mend: "chimera init makes one, chimera context use NAME chooses one",
      }),
    ];
  }
  const isWritable = (contextFile.mode & 0o022) !== 0;
  if (!isWritable) return [fine(at, `context "${context.name}" is the current one`)];
  const what = "others may write to it";
  const why = "they could name another fleet, another controller or other keys";
  return [fail(at, { what, why, mend: `chmod 600 ${contextFile.path}` })];
}

function judgeKeyFile({ purpose, file, problem }: OperatorFacts["secrets"][number], uid: number): Found[] {
  // A root key lies on a stick most of the time, and is better away than here.
  if (purpose === "root key") return [judgeRootKey(file)];
  const found = judgeSecret({ purpose, file, owners: [uid] });
  if (found.level !== "ok" || problem === null) return [found];
  const at = { check: "secret-file", where: file.path };
  const mend = "is it the right file? chimera keys list shows which there are";
  return [fail(at, { what: `it holds no ${purpose}`, why: problem, mend })];
}

function judgeRootKey(file: OperatorFacts["secrets"][number]["file"]): Found {
  const at = { check: "root-key", where: file.path };
  if (file.kind !== "file") return fine(at, "the root key is not on this machine");
  return warn(at, {
    what: "the root key lies on this machine",
    why: "whoever gets in here can give every role to himself",
    mend: "onto two sticks and off this machine; name it with --root-key when it is needed (docs/keys.md)",
  });
}

function judgeProject({ project }: OperatorFacts): Found[] {
  if (project === null) return [];
  const at = { check: "project", where: project.path };
  if (project.problem === null) return [fine(at, "it can be read")];
  const why = "chimera deploy and plan take their nodes from it";
  return [fail(at, { what: project.problem, why, mend: "mend the line that it names" })];
}

function judgeTool({ name, said, isNeeded, why }: OperatorFacts["tools"][number]): Found {
  const at = { check: "tool", where: name };
  if (said !== null) return fine(at, said);
  const wrong = { what: `${name} is not on PATH`, why, mend: `install ${name}` };
  return isNeeded ? fail(at, wrong) : warn(at, wrong);
}
