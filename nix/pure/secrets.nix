# PURE: a secret is named by the path of a file on the node, as a string. What the store holds, everybody can read.
{ storeDir }:
let
  startsWith = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
  segments = path: builtins.filter builtins.isString (builtins.split "/" path);
in
rec {
  # null, or why this is no place for a secret. `name` is the option's path, so that the message can be acted on.
  problemOf =
    name: path:
    if !builtins.isString path then
      "${name}: write the path as a string: a path literal is copied into the Nix store, which everybody can read"
    else if builtins.hasContext path || startsWith "${storeDir}/" path || startsWith "/nix/store/" path then
      "${name}: a secret must not live in the Nix store, which everybody can read"
    else if !startsWith "/" path || builtins.elem ".." (segments path) then
      "${name}: an absolute path without .. is needed, not \"${path}\""
    else
      null;

  # Assertions for the module system, from option path → file.
  assertions =
    files:
    map (
      name:
      let
        problem = problemOf name files.${name};
      in
      {
        assertion = problem == null;
        message = if problem == null then "" else problem;
      }
    ) (builtins.attrNames files);
}
