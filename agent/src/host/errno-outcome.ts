/** SHELL. File operations whose failure is an answer: the errno as a value instead of an exception. */

export type Outcome<T> = { kind: "done"; value: T } | { kind: "failed"; errno: string };

/** Anything that is not an errno of the system is a bug and goes on as the exception that it is. */
export function attempt<T>(operation: () => T): Outcome<T> {
  try {
    return { kind: "done", value: operation() };
  } catch (error) {
    return { kind: "failed", errno: errnoOf(error) };
  }
}

export async function attemptAsync<T>(operation: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: "done", value: await operation() };
  } catch (error) {
    return { kind: "failed", errno: errnoOf(error) };
  }
}

/** True when the name, or a directory on the way to it, does not exist or is no directory. */
export function isAbsent(errno: string): boolean {
  return errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP";
}

function errnoOf(error: unknown): string {
  if (error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string")
    return error.code;
  throw error;
}
