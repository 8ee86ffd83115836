/** PURE. How often a commit is tried. */

/** Of setting the profile, with pauses: a busy database is no reason to leave a system that has proved itself. */
export const maxCommits = 8;

/** Of running its installer, which either works or does not. */
export const maxBoots = 2;
