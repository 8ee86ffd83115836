/** PURE. Alarms of what could not be compared, as state of the last look: told when they begin and when they end, and shown meanwhile. */
import type { NodeEventBody } from "@chimera/proto/event";

export interface StandingAlarms {
  /** Part of a look, which says it again as long as it is so. */
  raise(code: string, message: string, shown?: string): void;
  /** For what no look says again: told, not shown. */
  tell(code: string, message: string): void;
  /** A whole look is over, and so is what it did not raise. */
  endLook(): void;
  /** Nobody looks any more: nothing is known to be over. */
  clear(): void;
  /** What stands, in words. */
  shown(): string[];
}

export interface StandingAlarmsOptions {
  onEvent: (body: NodeEventBody) => void;
  onRaised: (code: string, problem: string) => void;
  /** Monotonic. */
  nowMs: () => number;
  /** More of them say no more than these. */
  most?: number;
}

interface Standing {
  code: string;
  shown: string;
  isSeen: boolean;
  /** One that comes and goes is told now and then only, and its end as often. */
  isTold: boolean;
}

interface State extends Required<StandingAlarmsOptions> {
  standing: Map<string, Standing>;
  /** When each was told last, by message. */
  toldMs: Map<string, number>;
  /** Raised in this look, for which there is no room. */
  leftOut: boolean;
  isFull: boolean;
}

const usualMost = 64;
const quietMs = 600_000;
const longestMessage = 2048;
const mostShown = 8;
const fullText =
  "more than these cannot be compared: no others are named until some of them are over, and nothing more is told of them";

export function createStandingAlarms(options: StandingAlarmsOptions): StandingAlarms {
  const { most = usualMost } = options;
  const empty = { standing: new Map(), toldMs: new Map(), leftOut: false, isFull: false };
  const state: State = { ...options, most, ...empty };
  const { standing } = state;
  return {
    raise: (code, message, shown = message) =>
      raise(state, message.slice(0, longestMessage), { code, shown }),
    tell: (code, message) => void tellSeldom(state, code, message.slice(0, longestMessage)),
    endLook: () => endLook(state),
    clear() {
      standing.clear();
      state.isFull = false;
    },
    shown() {
      const shown = [...standing.values()].slice(0, mostShown).map((alarm) => alarm.shown);
      const more = standing.size - shown.length;
      return [
        ...shown,
        ...(more > 0 ? [`${more} more, which the alarms name`] : []),
        ...(state.isFull ? [fullText] : []),
      ];
    },
  };
}

function raise(state: State, message: string, { code, shown }: Pick<Standing, "code" | "shown">): void {
  const { standing, most } = state;
  const known = standing.get(message);
  if (known !== undefined) {
    known.isSeen = true;
    return;
  }
  if (standing.size < most) {
    standing.set(message, { code, shown, isSeen: true, isTold: tellSeldom(state, code, message) });
    return;
  }
  state.leftOut = true;
  if (!state.isFull) tellSeldom(state, "alarms-left-out", fullText);
  state.isFull = true;
}

/** False where it was told a moment ago, or so many others were. */
function tellSeldom(state: State, code: string, message: string): boolean {
  const { toldMs, nowMs, most, onEvent, onRaised } = state;
  const now = nowMs();
  for (const [told, at] of toldMs) if (now - at >= quietMs) toldMs.delete(told);
  // Room for the one that says that there is no more.
  const isRoom = toldMs.size < 2 * most || (code === "alarms-left-out" && toldMs.size <= 2 * most);
  if (toldMs.has(message)) return false;
  if (!isRoom) {
    if (code !== "alarms-left-out") tellSeldom(state, "alarms-left-out", fullText);
    return false;
  }
  toldMs.set(message, now);
  onEvent({ type: "alarm", data: { code, message } });
  onRaised(code, message);
  return true;
}

function endLook(state: State): void {
  const { standing, onEvent } = state;
  for (const [message, alarm] of standing) {
    const { code, isSeen, isTold } = alarm;
    alarm.isSeen = false;
    if (isSeen) continue;
    standing.delete(message);
    if (isTold)
      onEvent({ type: "alarm", data: { code, message: `over: ${message}`.slice(0, longestMessage) } });
  }
  if (state.isFull && !state.leftOut) state.isFull = false;
  state.leftOut = false;
}
