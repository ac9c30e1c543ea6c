package serve

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rollyard.dev/sandboxd/internal/token"
)

// options are the settings of one sandboxd. The JSON names are those of the
// file given by --config; each has a flag of the same name with dashes.
type options struct {
	Listen              string            `json:"listen"`
	SandboxUID          string            `json:"sandbox_uid"`
	Keys                json.RawMessage   `json:"keys"`
	Workdir             string            `json:"workdir"`
	Setup               [][]string        `json:"setup"`
	Env                 map[string]string `json:"env"`
	PassEnv             []string          `json:"pass_env"`
	SetupTimeoutSeconds int               `json:"setup_timeout_seconds"`
	PIDNamespace        bool              `json:"pid_namespace"`
	DieWithParent       bool              `json:"die_with_parent"`
	StopWithStdin       bool              `json:"stop_with_stdin"`
	RefuseLocalPeers    bool              `json:"refuse_local_peers"`
	MaxProcesses        uint64            `json:"max_processes"`
	MaxExecs            int               `json:"max_execs"`
	MaxFileBytes        int64             `json:"max_file_bytes"`
	StoreMemoryBytes    int64             `json:"store_memory_bytes"`
	StoreDiskBytes      int64             `json:"store_disk_bytes"`
	SpillDir            string            `json:"spill_dir"`
	BootMarker          string            `json:"boot_marker"`
	TerminationMessage  string            `json:"termination_message"`

	keys map[string]ed25519.PublicKey
}

func defaults() options {
	return options{
		Workdir:             "/workspace",
		SetupTimeoutSeconds: 300,
		MaxExecs:            64,
		MaxFileBytes:        16 << 20,
		StoreMemoryBytes:    16 << 20,
		StoreDiskBytes:      1 << 30,
		SpillDir:            "/tmp",
	}
}

func (o *options) setupTimeout() time.Duration {
	return time.Duration(o.SetupTimeoutSeconds) * time.Second
}

// parseOptions reads --config first, then the flags over it.
func parseOptions(args []string) (options, error) {
	parsed := defaults()
	if file := configFile(args); file != "" {
		if err := parsed.load(file); err != nil {
			return options{}, err
		}
	}
	if err := parsed.flags().Parse(args); err != nil {
		return options{}, err
	}
	return parsed, parsed.check()
}

// configFile looks ahead for --config, because flags win over the file.
func configFile(args []string) string {
	for i, arg := range args {
		name, value, inline := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if name != "config" || !strings.HasPrefix(arg, "-") {
			continue
		}
		if inline {
			return value
		}
		if i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

func (o *options) load(file string) error {
	opened, err := os.Open(file)
	if err != nil {
		return err
	}
	defer opened.Close()
	decoder := json.NewDecoder(opened)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(o); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (o *options) flags() *flag.FlagSet {
	set := flag.NewFlagSet("sandboxd serve", flag.ContinueOnError)
	set.String("config", "", "JSON `file` with these settings, dashes as underscores; flags win over it")
	set.StringVar(&o.Listen, "listen", o.Listen, "unix:`PATH`, tcp:HOST:PORT, or fd:N for an inherited listening socket")
	set.StringVar(&o.SandboxUID, "sandbox-uid", o.SandboxUID, "`uid` of this sandbox, the audience of its tokens")
	set.StringVar(&o.Workdir, "workdir", o.Workdir, "folder of relative paths")
	set.Func("keys", "Ed25519 public keys: `JSON` array of {kid,x} or object {current,next}", func(text string) error {
		o.Keys = json.RawMessage(text)
		return nil
	})
	set.Func("setup", "`JSON` list of argv, run once before ready", jsonValue(&o.Setup))
	set.Func("env", "`JSON` object of variables for every command", jsonValue(&o.Env))
	set.Func("pass-env", "comma-separated `names` that commands get from sandboxd's own environment", func(text string) error {
		o.PassEnv = strings.Split(text, ",")
		return nil
	})
	set.IntVar(&o.SetupTimeoutSeconds, "setup-timeout-seconds", o.SetupTimeoutSeconds, "for all of setup together")
	set.BoolVar(&o.PIDNamespace, "pid-namespace", o.PIDNamespace, "sandboxd has a PID namespace of its own: freeze kills all of it")
	set.BoolVar(&o.DieWithParent, "die-with-parent", o.DieWithParent, "when the parent dies, kill all commands and exit")
	set.BoolVar(&o.StopWithStdin, "stop-with-stdin", o.StopWithStdin, "exit when stdin ends: whoever started this is gone")
	set.BoolVar(&o.RefuseLocalPeers, "refuse-local-peers", o.RefuseLocalPeers, "tcp: refuse connections from the sandbox's own addresses")
	set.Uint64Var(&o.MaxProcesses, "max-processes", o.MaxProcesses, "RLIMIT_NPROC of commands, 0 = none")
	set.IntVar(&o.MaxExecs, "max-execs", o.MaxExecs, "commands at once")
	set.Int64Var(&o.MaxFileBytes, "max-file-bytes", o.MaxFileBytes, "largest body of a PUT")
	set.Int64Var(&o.StoreMemoryBytes, "store-memory-bytes", o.StoreMemoryBytes, "answers kept in memory")
	set.Int64Var(&o.StoreDiskBytes, "store-disk-bytes", o.StoreDiskBytes, "answers kept in an unnamed file beyond that")
	set.StringVar(&o.SpillDir, "spill-dir", o.SpillDir, "folder of that file")
	set.StringVar(&o.TerminationMessage, "termination-message", o.TerminationMessage, "`file` that says why setup failed; sandboxd then exits with 3")
	set.StringVar(&o.BootMarker, "boot-marker", o.BootMarker, "`file` made at start; when it exists, this is a restart and everything is refused")
	return set
}

func jsonValue(into any) func(string) error {
	return func(text string) error { return json.Unmarshal([]byte(text), into) }
}

func (o *options) check() error {
	var problems []error
	if o.Listen == "" {
		problems = append(problems, errors.New("--listen is required"))
	}
	if o.SandboxUID == "" {
		problems = append(problems, errors.New("--sandbox-uid is required"))
	}
	if !filepath.IsAbs(o.Workdir) {
		problems = append(problems, errors.New("--workdir must be an absolute path"))
	}
	if o.SetupTimeoutSeconds < 1 || o.MaxExecs < 1 || o.MaxFileBytes < 1 {
		problems = append(problems, errors.New("--setup-timeout-seconds, --max-execs and --max-file-bytes must be at least 1"))
	}
	for _, argv := range o.Setup {
		if len(argv) == 0 || argv[0] == "" {
			problems = append(problems, errors.New("--setup: an argv is empty"))
		}
	}
	keys, err := token.ParseKeys(o.Keys)
	if err != nil {
		problems = append(problems, fmt.Errorf("--keys: %w", err))
	}
	o.keys = keys
	// An environment of the host would lose all its processes to kill(-1).
	if o.PIDNamespace && os.Getpid() > 16 {
		problems = append(problems, errors.New("--pid-namespace: this process is not at the start of a PID namespace"))
	}
	return errors.Join(problems...)
}
