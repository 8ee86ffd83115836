/**
 * SHELL. What a message on a key leads to. nats-server hands it to subscribers while JetStream still stores it: a look at once
 * may find the key as it was. So there is a second one, a little later, for all that were heard until then.
 */
export interface WakeUp {
  wake: () => void;
  /**
   * After a message that was judged as it came, as a panic: the whole fleet has heard it in one instant, and what each has to
   * say is worth more than what each would read again.
   */
  wakeLater: () => void;
  stop: () => void;
}

const storedMs = 400;
const laterMs = { least: 1_000, most: 5_000 };

export function createWakeUp(look: () => void): WakeUp {
  let timer: NodeJS.Timeout | undefined;
  let later: NodeJS.Timeout | undefined;
  return {
    wake() {
      look();
      clearTimeout(timer);
      timer = setTimeout(look, storedMs).unref();
    },
    wakeLater() {
      // One that is due stays due: who sends without end must not put it off without end.
      later ??= setTimeout(() => {
        later = undefined;
        look();
      }, crowdJitterMs()).unref();
    },
    stop() {
      clearTimeout(timer);
      clearTimeout(later);
    },
  };
}

function crowdJitterMs(): number {
  return laterMs.least + Math.random() * (laterMs.most - laterMs.least);
}
