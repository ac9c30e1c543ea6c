import path from "node:path";

/** The value of `spec.graderRuntime.venv` that means {@link OPENAI_RUNTIME} and no file. */
export const OPENAI_VENV = "openai";

/**
 * The packages of OpenAI's runtime for python graders (`image_tag` 2025-05-08), as a requirements.txt. Its nltk corpora are not among
 * them.
 * Source: https://platform.openai.com/docs/guides/graders, "Python graders".
 */
export const OPENAI_RUNTIME = `numpy==2.2.4
scipy==1.15.2
sympy==1.13.3
pandas==2.2.3
rapidfuzz==3.10.1
scikit-learn==1.6.1
rouge-score==0.1.2
deepdiff==8.4.2
jsonschema==4.23.0
pydantic==2.10.6
pyyaml==6.0.2
nltk==3.9.1
sqlparse==0.5.3
rdkit==2024.9.6
scikit-bio==0.6.3
ast-grep-py==0.36.2
`;

/** What `spec.graderRuntime.venv` names: {@link OPENAI_VENV}, or the absolute path of a file in `folder`. */
export function requirementsOf(venv: string, folder: string): string {
  return venv === OPENAI_VENV ? OPENAI_VENV : path.resolve(folder, venv);
}
