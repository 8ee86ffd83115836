# A fleet's first two key sets, real ones with two of two root keys; nobody has their secret halves.
let
  read = file: builtins.fromJSON (builtins.readFile file);
in
{
  fleetId = "d4557bc57b9d7f5e6de5a494f1c66d5aa7fbd0e52a16fa156029f0483671f474";
  first = read ./keys.1.json;
  second = read ./keys.2.json;
}
