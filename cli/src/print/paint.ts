/** PURE. Colour is a function that the shell passes in: with NO_COLOR or a pipe it changes nothing. */
export type Style = "red" | "yellow" | "green" | "cyan" | "dim" | "bold";
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_, text) => text;
