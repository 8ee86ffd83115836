/** SHELL. Whether the words stood behind `--`: commander takes it away, and `-- ./x` is a command where `./x` is a script. */
import type { Command } from "commander";

export function noteLiteral(command: Command): () => boolean {
  let isLiteral = false;
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (argv) => {
    const parsed = parse(argv);
    const words = parsed.operands.length + parsed.unknown.length;
    const mark = argv.indexOf("--");
    isLiteral = mark !== -1 && words === argv.length - mark - 1;
    return parsed;
  };
  return () => isLiteral;
}
