/** Name that the grader's source has in tracebacks. */
const SOURCE_NAME = "grader.py";

/** OpenAI's limits, where the sandbox's own are not lower: 2 GB of memory, 1 GB of disk, here for each file, 2 CPUs. */
const MEMORY_BYTES = 2 * 1024 ** 3;
const FILE_BYTES = 1024 ** 3;
const CPUS = 2;

/**
 * The program around a python grader's source, for Python 3.10 and later. It reads `input.json` from its working
 * directory ({nonce, source, sample, item}) and writes `result.json` once, at its end ({nonce, kind, …}): what the
 * source prints, or does with its streams, can't be taken for a score. Of an exception only kind and line get out,
 * for its text may quote the sample.
 */
export const PYTHON_RUNNER = `
import json, math, os, re, resource, sys, types

FOLDER = os.getcwd()
SOURCE_NAME = "${SOURCE_NAME}"


def limit(kind, most):
    try:
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):
        pass


def limit_cpus():
    try:
        allowed = sorted(os.sched_getaffinity(0))
        # Not the first ones: others that run at the same time would crowd on them too.
        first = int.from_bytes(os.urandom(4), "big") % len(allowed)
        os.sched_setaffinity(0, {(allowed + allowed)[first + number] for number in range(${CPUS})})
    except (AttributeError, OSError):
        pass


def limit_all():
    limit_cpus()
    limit(resource.RLIMIT_DATA, ${MEMORY_BYTES})
    limit(resource.RLIMIT_FSIZE, ${FILE_BYTES})
    # Libraries keep memory for each of their threads, of which they start one for each core of the machine.
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
        os.environ.setdefault(name, "2")


def kind_of(error):
    name = type(error).__name__
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name) else "Exception"


def frames_of(error):
    frames, entry = [], error.__traceback__
    while entry is not None:
        frames.append((entry.tb_frame.f_code.co_filename, entry.tb_lineno))
        entry = entry.tb_next
    return [frame for frame in frames if not frame[0].startswith("<frozen ")]


def report(kind, error):
    lines = [line for name, line in frames_of(error) if name == SOURCE_NAME]
    line = lines[-1] if lines else getattr(error, "lineno", None)
    return {"kind": kind, "type": kind_of(error), "line": line}


def import_missing(error):
    name = (getattr(error, "name", None) or "").split(".")[0]
    known = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name)
    return {"kind": "import_missing", "package": name if known else "unknown"}


def load(source):
    module = types.ModuleType("grader")
    sys.modules["grader"] = module
    exec(compile(source, SOURCE_NAME, "exec"), module.__dict__)
    return module


def score_of(value):
    if isinstance(value, (str, bytes, bytearray)):
        return None
    try:
        number = float(value)
    except Exception:
        return None
    return number if math.isfinite(number) else None


def run(job):
    try:
        module = load(job["source"])
    except ImportError as error:
        return import_missing(error)
    except MemoryError:
        return {"kind": "out_of_memory"}
    except BaseException as error:
        return report("source_error", error)
    grade = getattr(module, "grade", None)
    if not callable(grade):
        return {"kind": "no_function"}
    try:
        value = grade(job["sample"], job["item"])
    except MemoryError:
        return {"kind": "out_of_memory"}
    except ImportError as error:
        by_source = frames_of(error)[-1:] and frames_of(error)[-1][0] == SOURCE_NAME
        return import_missing(error) if by_source else report("raised", error)
    except BaseException as error:
        return report("raised", error)
    score = score_of(value)
    return {"kind": "no_number"} if score is None else {"kind": "score", "score": score}


def main():
    path = os.path.join(FOLDER, "input.json")
    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    os.unlink(path)
    limit_all()
    result = {"nonce": job["nonce"], **run(job)}
    partial = os.path.join(FOLDER, "result.partial")
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(result, file)
    os.replace(partial, os.path.join(FOLDER, "result.json"))
    # Threads that the source left running must not hold the answer up.
    os._exit(0)


main()
`;
