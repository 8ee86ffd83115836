/** SHELL. Looks that are the rarer the longer nothing happens, and end when there is nothing to look for: an idle node does nothing. */

export interface Pace {
  /** The next look comes soon, and others not long after it. */
  soon: () => void;
  stop: () => void;
}

interface State {
  timer: NodeJS.Timeout | null;
  ms: number;
  isLooking: boolean;
  isAsked: boolean;
  isOver: boolean;
}

/** @param look resolves with the longest time until the next one; null when none is needed before `soon` */
export function createPace(look: () => Promise<number | null>, firstMs = 10): Pace {
  const state: State = { timer: null, ms: firstMs, isLooking: false, isAsked: false, isOver: false };
  const plan = (ms: number): void => {
    if (state.isOver) return;
    if (state.timer !== null) clearTimeout(state.timer);
    state.timer = setTimeout(() => void turn(), ms).unref();
  };
  const turn = async (): Promise<void> => {
    state.timer = null;
    [state.isLooking, state.isAsked] = [true, false];
    const most = await look();
    state.isLooking = false;
    if (most === null && !state.isAsked) return;
    state.ms = Math.min(state.ms * 2, most ?? state.ms);
    plan(state.isAsked ? firstMs : state.ms);
  };
  return {
    soon() {
      state.ms = firstMs;
      // What is looked at now may have been read already.
      if (state.isLooking) state.isAsked = true;
      else plan(firstMs);
    },
    stop() {
      state.isOver = true;
      if (state.timer !== null) clearTimeout(state.timer);
    },
  };
}
