import { describe, expect, it } from "vitest";
import { forwardsOf } from "./forwards.ts";

const inClass = (forward: string): string =>
  `class A:\n    def forward${forward}\n    def other(self):\n        return torch.mm(1, 2)\nclass B:\n    pass\n`;
const bodies = (code: string) => forwardsOf(code).map(({ body }) => body);

describe("forwards of a source", () => {
  it("end where a line stands no deeper, and have no remarks", () => {
    const code = inClass("(self, x):\n        # a\n\n        '''b'''\n# c\n        return x # d\n");
    const [forward, more] = forwardsOf(code);
    expect(forward).toMatchObject({ parameters: ["x"] });
    expect(forward?.body.match(/\S+/gu)).toEqual(["return", "x"]);
    expect(more).toBeUndefined();
  });

  it("go on over lines that belong to the one before", () => {
    for (const open of ["y = (1 +\n1)", "y = 1 + \\\n1", 'y = """\na"""', 'y = (") " # )\n)']) {
      const [body = "", more] = bodies(
        inClass(`(self, x):\n        ${open}\n        return torch.mm(x, x)\n`),
      );
      expect(body).toContain("torch.mm(x, x)");
      expect(body).not.toContain("torch.mm(1, 2)");
      expect(more).toBeUndefined();
    }
  });

  it("are found whatever their brackets hold", () => {
    const heads = [
      "(self, x, _=(1,),\n  y=')'):",
      "(self, x, y: Dict[str, int] = {}) -> 'a: b':",
      "(\n        self,\n        x,  # :)\n        *y):",
      "(self, x, y=lambda z: 1) -> Dict[str, T[1:2]]:",
    ];
    for (const head of heads) {
      const [forward] = forwardsOf(inClass(`${head}\n        return x\n`));
      expect(forward?.parameters).toEqual(expect.arrayContaining(["x", "y"]));
      expect(forward?.body.trim()).toBe("return x");
    }
    expect(bodies("def \\\n forward(self, x): return x\n")).toEqual([
      expect.stringMatching(/^return x\n+$/u),
    ]);
    expect(bodies("\f    def forward(self, x):\n\t\treturn x")).toEqual(["\n\t\treturn x\n"]);
  });

  it("are the rest of the class where it can't be told what is in them", () => {
    const open =
      'class A:\n    def forward(self, x):\n        y = f"{d["a"]}"\n        return torch.mm(x, x)\nclass B:\n    z = 1\n';
    expect(bodies(open)).toEqual([expect.stringMatching(/d\["a"\][\s\S]+torch\.mm\(x, x\)$/u)]);
    const [forward, more] = forwardsOf(
      "x = (\nclass A:\n    def forward(self, x):\n        return x\nclass B:\n",
    );
    expect(forward).toMatchObject({ parameters: ["x"], body: expect.stringMatching(/return x$/u) });
    expect(more).toBeUndefined();
  });

  it("may stand in another one", () => {
    const inner = "    class A:\n        def forward(self, x):\n            return x\n    return A\n";
    expect(forwardsOf(`def forward():\n${inner}`).map(({ parameters }) => parameters)).toEqual([[], ["x"]]);
  });

  it("are none in texts", () => {
    expect(bodies('a = "def forward(self)"\nb = """\ndef forward(self):\n    pass\n"""\n')).toEqual([]);
  });
});
