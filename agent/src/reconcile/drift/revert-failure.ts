/** PURE. Why an entry could not be put back, in words that an operator can act on. */

export type RevertFailureCode =
  | "budget-spent"
  | "evidence-full"
  | "in-use"
  | "no-space"
  | "not-permitted"
  | "parent-moved"
  | "reload-failed"
  | "repair-failed"
  | "repair-unavailable"
  | "revert-failed"
  | "source-changed";

const known: Readonly<Record<string, { code: RevertFailureCode; message: string }>> = {
  EPERM: {
    code: "not-permitted",
    message: "the kernel refuses the change: an immutable flag (lsattr) or a mount",
  },
  EACCES: { code: "not-permitted", message: "the kernel refuses the change: look for access controls" },
  EROFS: { code: "not-permitted", message: "the file system is mounted read-only" },
  EBUSY: { code: "in-use", message: "something is mounted over it (findmnt)" },
  EFBIG: {
    code: "evidence-full",
    message: "what is in its place is too large to be kept as evidence: move it away",
  },
  ENOSPC: { code: "no-space", message: "the file system is full" },
  EDQUOT: { code: "no-space", message: "the quota is used up" },
  ESTALE: { code: "parent-moved", message: "a directory on the way was renamed meanwhile" },
  EXDEV: { code: "in-use", message: "something is mounted over a directory on the way (findmnt)" },
  ENOTDIR: { code: "parent-moved", message: "something that is no directory is on the way" },
  ENOENT: { code: "parent-moved", message: "a directory on the way is missing" },
  ELOOP: { code: "parent-moved", message: "a link is on the way" },
  EAGAIN: { code: "revert-failed", message: "a process holds a lease on it, so that nobody can read it" },
  EBADMSG: { code: "source-changed", message: "the declared source has other bytes than the closure says" },
};

/** For an errno of the system; EBADMSG stands for a source with other bytes than declared. */
export function revertFailure(errno: string): { code: RevertFailureCode; message: string } {
  return known[errno] ?? { code: "revert-failed", message: `the system answered ${errno}` };
}
