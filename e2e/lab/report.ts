// SHELL. One line a step, with the seconds since the program began: the same on a terminal and in a pipe.
export type Report = (step: string) => void;

export function reporter(write: (line: string) => void = toStderr): Report {
  const begun = performance.now();
  return (step) => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    write(`${seconds.padStart(6)} s  ${step}\n`);
  };
}

export const silent: Report = () => undefined;

function toStderr(line: string): void {
  process.stderr.write(line);
}
