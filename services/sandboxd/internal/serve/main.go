package serve

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"rollyard.dev/sandboxd/internal/calls"
	"rollyard.dev/sandboxd/internal/lease"
	"rollyard.dev/sandboxd/internal/process"
	"rollyard.dev/sandboxd/internal/token"
)

const (
	headerLimit  = 5 * time.Second
	idleLimit    = 10 * time.Minute
	headerBytes  = 16 << 10
	memoryTarget = 48 << 20
)

// exitTerminated tells a node that it ended this program itself. A kubelet calls a pod whose containers exit with 0
// Succeeded, and then forgets why it ended it: an eviction would look like an end of the agent's.
const exitTerminated = 128 + int(syscall.SIGTERM)

// Main runs "sandboxd serve" and returns its exit code: 143 after SIGTERM, 0 after
// SIGINT and at the end of stdin, 1 on failure, 2 on bad settings, 3 when setup failed and --termination-message is set,
// 4 when the workdir does not exist and can't be made.
func Main(args []string) int {
	parsed, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandboxd serve:", err)
		return 2
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	stop := stopSignals()
	if parsed.StopWithStdin {
		go stopAtEnd(os.Stdin, stop)
	}
	if err := harden(parsed); err != nil {
		slog.Error("start failed", "step", "harden", "error_type", errorKind(err))
		return 1
	}
	runtime.UnlockOSThread()
	return run(parsed, stop)
}

// stopSignals also catches SIGPIPE, which would end the process when the reader
// of its log goes. (Ignoring it would be inherited by the commands.)
func stopSignals() chan os.Signal {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE, syscall.SIGHUP)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	return stop
}

// stopAtEnd asks for a stop when the input ends.
func stopAtEnd(input io.Reader, stop chan<- os.Signal) {
	_, _ = io.Copy(io.Discard, input)
	stop <- syscall.SIGINT
}

// harden must run on the main thread.
func harden(o options) error {
	syscall.Umask(0o22)
	runtime.GOMAXPROCS(min(2, runtime.NumCPU()))
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(memoryTarget)
	err := errors.Join(process.HideMemory(), process.AdoptOrphans(), process.DisableCoreDumps())
	if o.DieWithParent {
		err = errors.Join(err, process.SignalOnParentDeath(syscall.SIGTERM))
	}
	return err
}

func run(o options, stop <-chan os.Signal) int {
	listener, err := listen(o.Listen, o.RefuseLocalPeers)
	if err != nil {
		slog.Error("start failed", "step", "listen", "error", err.Error())
		return 1
	}
	if err := makeWorkdir(o.Workdir); err != nil {
		fmt.Fprintln(os.Stderr, "sandboxd serve:", err)
		return exitNoWorkdir
	}
	first, err := claimBoot(o.BootMarker)
	if err != nil {
		slog.Error("start failed", "step", "boot_marker", "error_type", errorKind(err))
		return 1
	}
	d := newDaemon(o)
	if first {
		go d.setup()
	} else {
		d.state.set(health{Status: statusRestarted})
	}
	server := newServer(d.routes())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case signal := <-stop:
		code := d.shutdown(server)
		if signal == syscall.SIGTERM {
			return exitTerminated
		}
		return code
	case <-d.gaveUp:
		_ = d.shutdown(server)
		return exitSetupFailed
	case err := <-failed:
		slog.Error("server failed", "error_type", errorKind(err))
		return 1
	}
}

func newDaemon(o options) *daemon {
	return &daemon{
		options:     o,
		environment: newEnvironment(o),
		state:       newState(statusStarting),
		verifier:    token.NewVerifier(o.SandboxUID, o.keys, time.Now),
		lease:       &lease.Lease{},
		calls:       calls.NewStore(o.StoreMemoryBytes, o.StoreDiskBytes, o.SpillDir),
		runner: &process.Runner{
			Table:        process.NewTable(process.NewForker(true), nil),
			OOM:          process.NewOOMCounter(),
			MaxProcesses: o.MaxProcesses,
		},
		execs:  newSlots(o.MaxExecs, "too_many_execs", "commands"),
		writes: newSlots(maxWrites, "too_many_writes", "file writes"),
		gaveUp: make(chan struct{}, 1),
	}
}

func newServer(routes http.Handler) *http.Server {
	return &http.Server{
		Handler:           routes,
		ReadHeaderTimeout: headerLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// shutdown drops every connection, then kills what runs. No answer may get out once the killing begins: a command that
// the node ended would look like one that the agent's own doing ended, and its exit code would be shown to the model.
func (d *daemon) shutdown(server *http.Server) int {
	slog.Info("stopping")
	_ = server.Close()
	if err := d.stopAll(); err != nil {
		slog.Error("stop incomplete", "error_type", errorKind(err))
	}
	return 0
}
