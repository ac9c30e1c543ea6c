/**
 * `rollyard_grade`, a module for the authors of `command` graders (Python 3.10 and later, its standard library): it runs
 * the agent's code in processes of its own, whose answers come back as plain JSON, so that nothing that the agent wrote
 * runs where the verdict is made. What the agent's code must not read (the key, the author's files) is in memory alone by
 * then, and the kernel shows it to nobody (PR_SET_DUMPABLE 0).
 */
export const PYTHON_HELPER = `
import ctypes, dataclasses, hashlib, hmac, json, math, os, resource, selectors, shutil, signal, subprocess, sys, time

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
MOST_BYTES = 1 << 20

CHILD = """
import importlib.util, json, os, sys
job = json.load(sys.stdin)
answers = os.fdopen(job["fd"], "w")
sys.path[0:0] = [os.path.dirname(job["path"]), os.getcwd()]
def tell(answer):
    answers.write(json.dumps(answer) + chr(10))
    answers.flush()
    os._exit(0)
try:
    spec = importlib.util.spec_from_file_location(job["module"], job["path"])
    module = importlib.util.module_from_spec(spec)
    sys.modules[job["module"]] = module
    spec.loader.exec_module(module)
    value = getattr(module, job["function"])(*job["args"], **job["kwargs"])
except SystemExit:
    os._exit(0)
except BaseException as error:
    tell({"raised": type(error).__name__[:64]})
try:
    text = json.dumps(value, allow_nan=False)
except BaseException:
    tell({"not_json": True})
tell({"value": json.loads(text)})
"""


@dataclasses.dataclass(frozen=True)
class Answer:
    """Of a call. kind: value, raised, exited (the process ended without an answer), timed_out, not_json."""

    kind: str
    value: object = None
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Ended:
    """Of a command: what it printed (as much as was asked for), and how it ended."""

    stdout: bytes
    stderr: bytes
    exit_code: int
    timed_out: bool


def same(found, wanted, tolerance=0.0):
    """Whether two values of JSON are equal; True is not 1."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, (int, float)) and isinstance(wanted, (int, float)):
        return found == wanted or abs(found - wanted) <= tolerance
    if isinstance(found, list) and isinstance(wanted, (list, tuple)):
        return len(found) == len(wanted) and all(same(a, b, tolerance) for a, b in zip(found, wanted))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key], tolerance) for key in wanted)
    return type(found) is type(wanted) and found == wanted


class Grading:
    """One grading. Make it first: from then on the key and the author's files are in this process alone, but for those
    that are to be kept (paths, or folders), which the agent's code can read and change."""

    def __init__(self, keep=()):
        job = json.loads(sys.stdin.buffer.read())
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        self.__key = job["key"].encode()
        self.item, self.sample = job["item"], job["sample"]
        self.workdir = os.getcwd()
        self.__ends = time.monotonic() + 0.9 * job["seconds"]
        self.__result = os.path.join(self.workdir, job["result"])
        self.__tests, self.__metrics, self.__score = [], {}, None
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "this process can't be hidden")
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.assets = {}
        for path in job["assets"]:
            with open(path, "rb") as file:
                self.assets[path] = file.read()
            if not any(path == kept or path.startswith(kept.rstrip("/") + "/") for kept in keep):
                os.unlink(path)
        print("begun " + self.__sign(b"begun"), flush=True)
        sys.excepthook = self.__failed

    def call(self, path, function, *args, seconds=10, megabytes=1024, **kwargs):
        """Calls a function of a file of the agent's in a process of its own. Arguments and value are of JSON."""
        reading, writing = os.pipe()
        job = {
            "fd": writing, "path": os.path.join(self.workdir, path), "function": function,
            "module": os.path.splitext(os.path.basename(path))[0], "args": args, "kwargs": kwargs,
        }
        ends = self.__deadline(seconds)
        child = self.__start([sys.executable, "-I", "-B", "-c", CHILD], seconds, megabytes, pass_fds=(writing,),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writing)
        try:
            feed(child.stdin, json.dumps(job).encode())
            text, is_late = read_line(reading, ends)
            settle(child, 0 if is_late else 0.5)
        finally:
            os.close(reading)
            self.__sweep()
        return answer_of(text, is_late or child.returncode == -signal.SIGXCPU)

    def run(self, argv, stdin=b"", seconds=10, megabytes=1024, most_bytes=65536):
        """Runs a command in the workdir, in a process of its own."""
        ends = self.__deadline(seconds)
        child = self.__start(argv, seconds, megabytes, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        feeding = os.fork() if stdin else None
        if feeding == 0:
            feed(child.stdin, stdin)
            os._exit(0)
        child.stdin.close()
        try:
            texts, is_late = read_both(child, most_bytes, ends)
        finally:
            self.__sweep()
        code = child.returncode if child.returncode is not None else -signal.SIGKILL
        return Ended(texts[0], texts[1], code, is_late or code == -signal.SIGXCPU)

    def check(self, test, is_right, outcome=None):
        """Records a test: passed or failed, or another outcome that counts as failed."""
        self.__tests.append({"id": test, "outcome": "passed" if is_right else (outcome or "failed")})

    def expect(self, test, answer, wanted, tolerance=0.0):
        """Records a test of a call: it passed when the value is the wanted one."""
        is_right = answer.kind == "value" and same(answer.value, wanted, tolerance)
        self.check(test, is_right, answer.kind if answer.kind in ("exited", "timed_out") else None)

    def skip(self, test):
        """Records a test that did not run."""
        self.check(test, False, "skipped")

    def metric(self, name, value):
        """Records a figure for integrity checks, such as speedup."""
        self.__metrics[name] = float(value)

    def score(self, value):
        """Gives the reward itself, in place of the share of tests that passed."""
        self.__score = float(value)

    def finish(self):
        """Writes the signed result and ends this process."""
        self.__sweep()
        result = {"state": "done", "tests": self.__tests, "metrics": self.__metrics}
        self.__write(result if self.__score is None else {**result, "score": self.__score})
        os._exit(0)

    def __failed(self, kind, error, trace):
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        line = trace.tb_lineno if trace is not None else None
        self.__sweep()
        self.__write({"state": "failed", "kind": kind.__name__[:64], "line": line})
        os._exit(1)

    def __sign(self, body):
        return hmac.new(self.__key, body, hashlib.sha256).hexdigest()

    def __write(self, result):
        body = json.dumps(result, allow_nan=False).encode()
        folder = os.path.dirname(self.__result)
        clear_way(folder, self.__result)
        partial = self.__result + ".part"
        with open(partial, "wb") as file:
            file.write(self.__sign(body).encode() + b"\\n" + body)
        os.replace(partial, self.__result)

    def __deadline(self, seconds):
        # A slow machine is no fault of the agent's: CPU time is counted in full, time that passes with patience.
        return min(self.__ends, time.monotonic() + 4 * seconds + 1)

    def __start(self, argv, seconds, megabytes, **streams):
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/tmp", "LANG": "C.UTF-8"}
        return subprocess.Popen(
            argv, cwd=self.workdir, env=environment, stdin=subprocess.PIPE, start_new_session=True,
            preexec_fn=lambda: confine(math.ceil(seconds), megabytes), **streams,
        )

    def __sweep(self):
        """Ends every process that came of the last one, those that left its session too."""
        for _ in range(1000):
            children = descendants(os.getpid())
            if not children:
                break
            for stop in (signal.SIGSTOP, signal.SIGKILL):
                for pid in children:
                    try:
                        os.kill(pid, stop)
                    except OSError:
                        pass
            time.sleep(0.002)
            try:
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass
            except OSError:
                pass


def confine(seconds, megabytes):
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_DATA, megabytes << 20),
                       (resource.RLIMIT_FSIZE, 1 << 30), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value if kind != resource.RLIMIT_CPU else hard))
    try:
        # When memory is short, the kernel takes the agent's process and not this one's parent.
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass


def settle(child, seconds):
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        pass


def feed(stream, content):
    try:
        stream.write(content)
        stream.close()
    except OSError:
        pass


def read_line(reading, ends):
    text = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while b"\\n" not in text and len(text) <= MOST_BYTES:
            left = ends - time.monotonic()
            if left <= 0 or not selector.select(left):
                return text, True
            chunk = os.read(reading, 65536)
            if not chunk:
                break
            text += chunk
    return text, False


def read_both(child, most_bytes, ends):
    texts, lengths = [b"", b""], [0, 0]
    with selectors.DefaultSelector() as selector:
        for index, stream in enumerate((child.stdout, child.stderr)):
            selector.register(stream, selectors.EVENT_READ, index)
        while selector.get_map():
            left = ends - time.monotonic()
            if left <= 0:
                return texts, True
            # A process that it left behind may hold its streams open.
            ready = selector.select(min(left, 0.2))
            if not ready and child.poll() is not None:
                break
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                texts[key.data] += chunk[: max(0, most_bytes - len(texts[key.data]))]
    try:
        child.wait(max(0.0, ends - time.monotonic()))
    except subprocess.TimeoutExpired:
        return texts, True
    return texts, False


def answer_of(text, is_late):
    line, end, _ = text.partition(b"\\n")
    try:
        told = json.loads(line) if end else None
    except (ValueError, RecursionError):
        told = {"not_json": True}
    if not isinstance(told, dict):
        return Answer("timed_out" if is_late else "exited")
    if "value" in told:
        return Answer("value", told["value"])
    if "raised" in told:
        return Answer("raised", None, str(told["raised"])[:64])
    return Answer("not_json")


def descendants(root):
    parents = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/" + name + "/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        parents[int(name)] = int(parent)
    found, size = {root}, 0
    while len(found) > size:
        size = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found - {root}


def clear_way(folder, file):
    if os.path.islink(folder) or (os.path.lexists(folder) and not os.path.isdir(folder)):
        os.unlink(folder)
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o700)
    for path in (file, file + ".part"):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.lexists(path):
            os.unlink(path)
`;
