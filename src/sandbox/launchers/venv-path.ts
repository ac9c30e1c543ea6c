import { SANDBOX_PATH } from "../sandbox-path.ts";

/** The variables that put a virtual environment first; its place is as the sandbox sees it, null for none. */
export function venvPath(venv: string | null): { readonly PATH?: string } {
  return venv === null ? {} : { PATH: `${venv}/bin:${SANDBOX_PATH}` };
}
