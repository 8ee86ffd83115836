import { expect, test } from "vitest";
import { nixSnippet } from "./nix-snippet.ts";

test("a file reads as somebody would have written it", () => {
  const text = "# it's $HOME\nserver {\n  root ${root};\n}\n";
  expect(nixSnippet({ path: "nginx/site.conf", text, facts: { mode: "0644", uid: 0, gid: 0 } })).toBe(
    `environment.etc."nginx/site.conf" = {
  text = ''
    # it's $HOME
    server {
      root ''\${root};
    }
  '';
  mode = "0644";
};
`,
  );
});

test("what a terminal would obey is escaped, and an owner is named", () => {
  const snippet = nixSnippet({ path: "a", text: "\u001b[2J\n", facts: { mode: "0600", uid: 0, gid: 12 } });
  expect(snippet).toContain(String.raw`text = builtins.fromJSON "\"\\u001b[2J\\n\"";`);
  expect(snippet).toContain("  gid = 12;\n");
});
