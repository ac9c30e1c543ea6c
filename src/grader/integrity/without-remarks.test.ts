import { describe, expect, it } from "vitest";
import { withoutRemarks } from "./without-remarks.ts";

const CHEAT = "cheat()";
const sees = (path: string) => (code: string) => withoutRemarks(path, code).includes(CHEAT);

/** Code that runs, and what a careless reader takes for a remark around it. */
const HIDING = {
  "a.py": [
    `# /*\n${CHEAT}\n# */\n`,
    `# """\n${CHEAT}\n# """\n`,
    `# '''\n${CHEAT}\n# '''\n`,
    `a = "/*"\n${CHEAT}\nb = "*/"\n`,
    `a = "'''"\n${CHEAT}\nb = "'''"\n`,
    `a = '# '; ${CHEAT}\n`,
    `a = "\\"# "; ${CHEAT}\n`,
    `a = r"\\"; # "; ${CHEAT}`,
    `a = 'b\\\n# '; ${CHEAT}\n`,
    `x = 7 // 2; ${CHEAT}\n`,
    `exec("""\n${CHEAT}\n""")\n`,
    `exec(\n"""${CHEAT}"""\n)\n`,
    `x = \\\n"""${CHEAT}"""\n`,
    `"""${CHEAT}""".run()\n`,
    `f"""{${CHEAT}}"""\n`,
    `"""a\\"""b"""; ${CHEAT}; """c"""\n`,
    `x = f"{d["# "]}"; ${CHEAT}\n`,
    `x = f"{'}' + d["# "]}"; ${CHEAT}\n`,
    `# a\r${CHEAT}\n`,
    `x = """\n# """; ${CHEAT}\n`,
  ],
  "a.cu": [
    `// /*\n${CHEAT};\n// */\n`,
    `a = "/*"; ${CHEAT}; b = "*/";\n`,
    `a = "//"; ${CHEAT};\n`,
    `a = '"'; b = "// "; ${CHEAT};\n`,
    `a = '"'; /* " */ ${CHEAT}; // "\n`,
    `n = 1'000; a = "' /* "; ${CHEAT}; b = "*/";\n`,
    `a = R"(" /* )"; ${CHEAT}; b = R"( */ ")";\n`,
    `// \\\n/*\n${CHEAT};\n// \\\n*/\n`,
    `/* a *\\\n/ ${CHEAT}; /* */\n`,
    `// \\ \n/*\n${CHEAT};\n// \\ \n*/\n`,
    `n = 1\\\n'000; a = "' /* "; ${CHEAT}; b = "*/";\n`,
    `a = R\\\n"(" /* )"; ${CHEAT}; b = R"( */ ")";\n`,
    `/\\\n* // */ ${CHEAT};\n`,
    `# ${CHEAT}\n`,
  ],
  "a.ts": [
    `// /*\n${CHEAT};\n// */\n`,
    `a = "/*"; ${CHEAT}; b = "*/";\n`,
    "a = `/*`; cheat(); b = `*/`;\n",
    "a = `${f(`/*`)}`; cheat(); b = `*/`;\n",
    "a = `\n// ${cheat()}`;\n",
    `a = /[/*]/; ${CHEAT}; b = /[*/]/;\n`,
    `a = /\\/*/; ${CHEAT}; /* */\n`,
    `if (a) /[/*]/.test(b); ${CHEAT}; /[*/]/.test(b);\n`,
    `return /[/*]/; ${CHEAT}; /* */\n`,
    `return${" ".repeat(196)}/[/*]/; ${CHEAT}; /* */\n`,
    `a //${" ".repeat(200)};\n/ "[" + "]/" + ' " ' / // "\n${CHEAT} // "`,
    `let a\n/[/*]/; ${CHEAT}; /* */\n`,
    `[...typeof /[/*]/]; ${CHEAT}; /* */\n`,
    `a // ;\n/ "[" + "]/" + ' " ' / // "\n${CHEAT} // "`,
    `<!-- /*\n${CHEAT};\n<!-- */\n`,
    `#!/usr/bin/node /*\n${CHEAT};\n// */\n`,
    `// a\u2028${CHEAT};\n`,
    `# ${CHEAT}\n`,
  ],
  "a.go": [
    `a := \`/*\`\n${CHEAT}\nb := \`*/\`\n`,
    `a := '"'; b := "//"; ${CHEAT}\n`,
    `// /*\n${CHEAT}\n// */\n`,
  ],
  "a.sh": [
    `echo '# '; ${CHEAT}\n`,
    `echo "\n# "; ${CHEAT}\n`,
    `echo "$(echo " # x")"; ${CHEAT}\n`,
    `echo a\\\n#; ${CHEAT}\n`,
    `echo a\\ #; ${CHEAT}\n`,
    `x=\${y% #*}; ${CHEAT}\n`,
    `(( 1 #)); ${CHEAT}\n`,
    `echo $(b)#; ${CHEAT}\n`,
    `echo b\u00a0#; ${CHEAT}\n`,
    `(b)#'\necho '#'; ${CHEAT}\n`,
    `echo $# ; ${CHEAT}\n`,
    `cat <<E\n' # \nE\n${CHEAT} # '\n`,
    `/* ${CHEAT} */\n`,
  ],
  "a.rs": [`/* /* */ */ ${CHEAT}\n`, `r#"/*"#; ${CHEAT}; r#"*/"#\n`],
  "a.tsx": [`<p>/*</p>{${CHEAT}}<p>*/</p>\n`],
  "": [`# ${CHEAT}\n`, `// ${CHEAT}\n`, `/* ${CHEAT} */\n`, `"""${CHEAT}"""\n`],
} as const;

const REMARKS = {
  "a.py": [
    `# ${CHEAT}\nx = 1  # ${CHEAT}\n`,
    `"""${CHEAT}"""\n`,
    `def f():\n    r'''\n    ${CHEAT} it's "so"\n    '''  # ${CHEAT}\n    return 1\n`,
    `x = f"{a['b']} {{c}} {d:>5}"  # ${CHEAT}\n`,
    `x = (1,\n  # ${CHEAT}\n  2)\n`,
    `x = "it's"  # ${CHEAT}\r\ny = 1 # ${CHEAT}`,
  ],
  "a.cu": [`x = a / b; // ${CHEAT}\n/* "\n${CHEAT} */ n = 1'000; // ${CHEAT}\nc = '\\''; /* ${CHEAT} */\n`],
  "a.mjs": [
    `x = a / b; // ${CHEAT}\ny = [1] / 2; /* ${CHEAT} */\n`,
    `x = a.b / c.d; // ${CHEAT}\nf(\n  /[/*]/,\n); // ${CHEAT}\n`,
    `a = b.replace(/["/*]/g, ""); // ${CHEAT}\n`,
    'a = `it\'s ${b.c["d"]} // x`; // cheat()\n',
    `#!/usr/bin/env node\n// ${CHEAT}\n`,
  ],
  "a.go": [`a := \`"\` // ${CHEAT}\n/* ${CHEAT} */\n`],
  "a.sh": [`#!/bin/sh\n# ${CHEAT}\necho "$#" 'it is' "\${a}" \${a} \${#a} # ${CHEAT}\n`],
} as const;

describe("code without remarks", () => {
  it.each(Object.entries(HIDING))("keeps what runs, whatever stands around it: %s", (path, codes) => {
    expect(codes.filter((code) => !sees(path)(code))).toEqual([]);
  });

  it.each(Object.entries(REMARKS))("holds none: %s", (path, codes) => {
    expect(codes.filter(sees(path))).toEqual([]);
  });

  it("keeps lines, and words apart", () => {
    expect(withoutRemarks("a.c", "int/* a */b; /*\n*/ c; // d\n")).toBe("int b; \n c;  \n");
    expect(withoutRemarks("a.py", 'def f():\n    """a\n    b"""\n    pass  # c\n')).toBe(
      "def f():\n    \n\n    pass   \n",
    );
  });
});
