# PURE: what is wrong with health checks and unit rules beyond the types of their options. Kinds and their keys are those of
# proto/src/health-check.ts. Each problem begins with the option's path.
let
  # What a kind must have, and what it may have beside the keys that all have.
  keysOf = {
    unit.needs = [ "unit" ];
    command.needs = [ "argv" ];
    http = {
      needs = [ "url" ];
      may = [
        "statuses"
        "contains"
      ];
    };
    tcp.needs = [
      "host"
      "port"
    ];
    contact = { };
    gpu.may = [ "count" "driver" ];
    nix = { };
  };
  ownKeys = builtins.concatLists (
    map (kind: kind.needs or [ ] ++ kind.may or [ ]) (builtins.attrValues keysOf)
  );

  without = unwanted: builtins.filter (name: !builtins.elem name unwanted);
  absentIn = check: builtins.filter (name: !check ? ${name});

  keyProblems =
    option: check:
    let
      kind = keysOf.${check.kind};
      needs = kind.needs or [ ];
      foreign = builtins.filter (name: check ? ${name}) (without (needs ++ kind.may or [ ]) ownKeys);
      where = "${option}: check ${check.name} of kind ${check.kind}";
    in
    map (name: "${where} needs ${name}") (absentIn check needs)
    ++ map (name: "${where} has no ${name}") foreign
    ++ (
      if check ? argv && builtins.substring 0 1 (builtins.head check.argv) != "/" then
        [ "${where}: its program ${builtins.head check.argv} is not an absolute path" ]
      else
        [ ]
    );

  # A later one of the same name would take the earlier one's place without a word.
  twice =
    names:
    builtins.attrNames (
      builtins.removeAttrs (builtins.groupBy (name: name) names) (
        builtins.filter (name: builtins.length (builtins.filter (other: other == name) names) == 1) names
      )
    );

  tooMany =
    option: limit: list:
    if builtins.length list > limit then
      [ "${option}: ${toString (builtins.length list)} entries, at most ${toString limit} are taken" ]
    else
      [ ];
in
{
  checkProblems =
    option: checks:
    tooMany option 64 checks
    ++ map (name: "${option}: two checks are named ${name}") (twice (map (check: check.name) checks))
    ++ builtins.concatLists (map (keyProblems option) checks);

  ruleProblems =
    option: rules:
    tooMany option 256 rules
    ++ map (unit: "${option}: two rules for ${unit}") (twice (map (rule: rule.unit) rules));
}
