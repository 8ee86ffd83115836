/** PURE. For tests: what output has been used to do to the terminal of whoever reads it. */
const esc = "\u001b";
const bell = "\u0007";

/** What it would do, and the sequence. */
export const hostileSequences: readonly (readonly [string, string])[] = [
  ["write the clipboard (OSC 52)", `${esc}]52;c;ZXZpbA==${bell}`],
  ["the same, ended by ST", `${esc}]52;c;ZXZpbA==${esc}\\`],
  ["read the clipboard", `${esc}]52;c;?${bell}`],
  ["the title and the icon's (OSC 0, 1, 2)", `${esc}]0;evil${bell}${esc}]1;evil${bell}${esc}]2;evil${esc}\\`],
  ["the window's name in tmux and screen", `${esc}kevil${esc}\\`],
  ["a link to somewhere else (OSC 8)", `${esc}]8;;file:///etc/passwd${esc}\\`],
  ["ask for colours (OSC 4, 10, 11)", `${esc}]4;1;?${bell}${esc}]10;?${bell}${esc}]11;?${bell}`],
  ["notify (OSC 9, 777)", `${esc}]9;evil${bell}${esc}]777;notify;a;b${bell}`],
  ["files and commands of iTerm2 (OSC 1337)", `${esc}]1337;File=name=eA==;inline=0:eA==${bell}`],
  ["ask who it is (DA1, DA2, DA3, DECID)", `${esc}[c${esc}[>c${esc}[=c${esc}Z`],
  ["ask for its version (XTVERSION)", `${esc}[>q${esc}[>0q`],
  ["ask where the cursor is, and how it is (DSR)", `${esc}[6n${esc}[?6n${esc}[5n`],
  ["ask for the title, its size and its place", `${esc}[21t${esc}[18t${esc}[13t`],
  ["resize, move, iconify the window", `${esc}[8;1;1t${esc}[3;0;0t${esc}[2t`],
  ["ask for a setting (DECRQSS)", `${esc}P$qm${esc}\\`],
  ["ask for a capability (XTGETTCAP)", `${esc}P+q544e${esc}\\`],
  ["ask for a mode (DECRQM)", `${esc}[?2004$p${esc}[4$p`],
  ["ask for the screen's checksum (DECRQCRA)", `${esc}[1;1;1;1;1;1*y`],
  ["answer back (ENQ)", "\u0005"],
  ["end what is pasted", `${esc}[201~`],
  ["have pasted text marked", `${esc}[?2004h`],
  ["turn on the mouse", `${esc}[?1000h${esc}[?1003h${esc}[?1006h`],
  ["tell of the focus", `${esc}[?1004h`],
  ["other keys (kitty, modifyOtherKeys)", `${esc}[>1u${esc}[>4;2m${esc}[?u`],
  ["keys that type text (DECUDK)", `${esc}P1;1|17/0a${esc}\\`],
  ["through tmux to the terminal outside", `${esc}Ptmux;${esc}${esc}]52;c;ZXZpbA==${bell}${esc}\\`],
  ["talk to programs (APC, PM, SOS)", `${esc}_Ga=T${esc}\\${esc}^x${esc}\\${esc}Xx${esc}\\`],
  ["pictures (Sixel)", `${esc}Pq#0;2;0;0;0#0~~@@${esc}\\`],
  ["print", `${esc}[5i${esc}[4i`],
  ["control characters of one byte (C1, in UTF-8)", "\u009b6n\u009d52;c;eA==\u009c"],
  ["a sequence with hundreds of parameters", `${esc}[${"1;".repeat(300)}m`],
  ["NUL, DEL, cancel", "\u0000\u007f\u0018"],
];
