/** SHELL. The keyboard of whoever watches. */
import { createDetachKeys, type KeyWord } from "./detach-keys.ts";

export interface Keys {
  /** The terminal reads lines again. */
  end(): void;
}

/** Ctrl-C is a key from now on, and no signal. */
export function watchKeys(
  on: (word: Exclude<KeyWord, "suspend">) => void,
  onResume: () => void,
  /** True where they went elsewhere. */
  isTaken: (bytes: Uint8Array) => boolean = () => false,
): Keys {
  const take = createDetachKeys();
  const { stdin } = process;
  const onData = (bytes: Buffer): void => {
    if (isTaken(bytes)) return;
    for (const word of take(bytes)) {
      if (word === "suspend") suspend();
      else on(word);
    }
  };
  const onContinue = (): void => {
    stdin.setRawMode(true);
    onResume();
  };
  const suspend = (): void => {
    stdin.setRawMode(false);
    process.kill(process.pid, "SIGTSTP");
  };
  stdin.setRawMode(true);
  stdin.on("data", onData);
  process.on("SIGCONT", onContinue);
  return {
    end() {
      process.off("SIGCONT", onContinue);
      stdin.off("data", onData);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
