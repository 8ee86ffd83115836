# PURE: base 64, which Nix itself cannot read. Bytes are numbers here: no text of Nix holds a zero.
let
  alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  charactersOf = text: builtins.genList (index: builtins.substring index 1 text) (builtins.stringLength text);
  numbered = list: builtins.genList (value: { name = builtins.elemAt list value; inherit value; }) (builtins.length list);
  digits = builtins.listToAttrs (numbered (charactersOf alphabet));

  blanks = {
    "9" = "\t";
    "10" = "\n";
    "13" = "\r";
  };
  # From the blank (32) on.
  printable = charactersOf " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
  characters =
    builtins.genList (
      byte: if byte < 32 then blanks.${toString byte} or null else builtins.elemAt printable (byte - 32)
    ) 127;

  # Three bytes from the four digits that begin at `index`.
  bytesAt =
    values: index:
    let
      digit = offset: builtins.elemAt values (4 * index + offset);
      bits = digit 0 * 262144 + digit 1 * 4096 + digit 2 * 64 + digit 3;
    in
    [
      (bits / 65536)
      (builtins.bitAnd (bits / 256) 255)
      (builtins.bitAnd bits 255)
    ];

  take = count: list: builtins.genList (builtins.elemAt list) count;
in
{
  # Text → bytes, or null where it is not the one spelling that an encoder would have chosen.
  bytesOf =
    text:
    let
      length = builtins.stringLength text;
      ending = builtins.substring (length - 2) 2 text;
      padding =
        if length < 4 then
          0
        else if ending == "==" then
          2
        else if builtins.substring 1 1 ending == "=" then
          1
        else
          0;
      body = charactersOf (builtins.substring 0 (length - padding) text);
      values = map (character: digits.${character}) body ++ builtins.genList (_: 0) padding;
      bytes = builtins.concatLists (builtins.genList (bytesAt values) (length / 4));
      kept = length / 4 * 3 - padding;
      dropped = builtins.genList (index: builtins.elemAt bytes (kept + index)) padding;
    in
    if length / 4 * 4 != length || !builtins.all (character: digits ? ${character}) body then
      null
    # Bits that nobody reads would give one document many spellings.
    else if !builtins.all (byte: byte == 0) dropped then
      null
    else
      take kept bytes;

  # Bytes → text, or null where one of them is not of the ASCII that JSON is written in.
  asciiOf =
    bytes:
    let
      text = map (byte: if byte < 127 then builtins.elemAt characters byte else null) bytes;
    in
    if builtins.elem null text then null else builtins.concatStringsSep "" text;
}
