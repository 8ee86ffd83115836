/** SHELL. Terminals that are gone while what ran in them may go on: with the tmux server, or because somebody ended them there. */
import { liveFacts, runningOf, tell, type SessionsState } from "./sessions-state.ts";
import { knownTerminals, tmuxSocket } from "./terminal-panes.ts";

const note =
  "its terminal was lost in tmux, with the server or by somebody's hand: what it writes there cannot be seen any more";

/**
 * What ran in a terminal that is gone was told so by the kernel (SIGHUP); one that does not care goes on, unseen. Throws tool-failed where tmux cannot
 * be asked, file-unreadable where the disk refuses.
 */
export async function loseTerminals(state: SessionsState): Promise<void> {
  state.areTerminalsInDoubt = false;
  if (!runningOf(state).some(({ record }) => record.terminal !== null)) return;
  const isKnown = await knownTerminals(tmuxSocket(state.options.runtimeDir));
  const orphans = runningOf(state).filter(
    ({ record: { terminal } }) => terminal !== null && !isKnown(terminal),
  );
  if (orphans.length === 0) return;
  // At once, as others write other things into it; what the disk does not take is found anew by the next agent.
  for (const live of orphans) live.record = { ...live.record, terminal: null, note };
  await state.store.save(orphans.map(({ record }) => record));
  for (const live of orphans) tell(state, { kind: "changed", facts: liveFacts(live) });
}
