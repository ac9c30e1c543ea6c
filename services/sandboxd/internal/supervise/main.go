// Package supervise keeps the sandboxes of a local run, from outside: it plays
// the node. Commands come as JSON lines on stdin, events go to stdout; when
// stdin ends, every sandbox and its folder are removed.
package supervise

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"rollyard.dev/sandboxd/internal/process"
)

const maxLineBytes = 32 << 20

type options struct {
	base        string
	maxStarts   int
	corpusBytes int64
}

// Main runs "sandboxd supervise" and returns its exit code: 0 after quit, the
// end of stdin or SIGTERM; 2 on bad settings or when the base folder is in use.
func Main(args []string) int {
	parsed, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandboxd supervise:", err)
		return 2
	}
	runtime.UnlockOSThread()
	stop := stopSignals()
	syscall.Umask(0) // copies keep their modes; serve sets its own
	debug.SetGCPercent(50)
	out := newEvents(os.Stdout)
	if err := process.AdoptOrphans(); err != nil {
		out.send(event{Event: "fatal", Reason: "subreaper", Detail: err.Error()})
		return 2
	}
	folder, err := openBase(parsed.base)
	if err != nil {
		out.send(event{Event: "fatal", Reason: fatalReason(err), Detail: err.Error()})
		return 2
	}
	s := newSupervisor(folder, out, parsed)
	out.send(event{Event: "hello", PID: os.Getpid()})
	s.serve(os.Stdin, stop)
	s.close()
	return 0
}

func parseOptions(args []string) (options, error) {
	var o options
	set := flag.NewFlagSet("sandboxd supervise", flag.ContinueOnError)
	set.StringVar(&o.base, "base", "", "`folder` of all sandboxes; it is locked, and leftovers in it are removed")
	set.IntVar(&o.maxStarts, "max-starts", 2*runtime.NumCPU(), "sandboxes that start at once; more wait")
	set.Int64Var(&o.corpusBytes, "corpus-memory-bytes", 64<<20, "contents of each corpus kept in memory; larger ones are read from disk each time")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	if o.base == "" || o.maxStarts < 1 {
		return o, errors.New("--base is required, and --max-starts must be at least 1")
	}
	return o, nil
}

func fatalReason(err error) string {
	if errors.Is(err, errLocked) {
		return "base_locked"
	}
	return "base"
}

// stopSignals catches the signals of a terminal's Ctrl-C too: the parent gets
// them as well, and it decides. (Ignoring them would be inherited.)
func stopSignals() <-chan os.Signal {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE, syscall.SIGHUP, syscall.SIGINT)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	return stop
}

func newSupervisor(folder *base, out *events, o options) *supervisor {
	s := &supervisor{
		base: folder, events: out, corpora: newCorpora(o.corpusBytes),
		starts: make(chan struct{}, o.maxStarts), removes: make(chan struct{}, 2*runtime.NumCPU()),
		boxes: map[string]*box{},
	}
	ready := make(chan struct{})
	s.table = process.NewTable(process.NewForker(false), func() { <-ready; s.table.KillStrangers() })
	close(ready)
	return s
}

// serve obeys commands until quit, the end of input, SIGTERM, or until nobody
// reads the events.
func (s *supervisor) serve(input io.Reader, stop <-chan os.Signal) {
	commands := make(chan command)
	go s.read(input, commands)
	for {
		select {
		case next, more := <-commands:
			if !more || next.Op == "quit" {
				return
			}
			s.obey(next)
		case <-stop:
			return
		case <-s.events.broken:
			return
		}
	}
}

func (s *supervisor) read(input io.Reader, commands chan<- command) {
	defer close(commands)
	lines := bufio.NewScanner(input)
	lines.Buffer(make([]byte, 0, 64<<10), maxLineBytes)
	for lines.Scan() {
		var next command
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			s.events.send(event{Event: "error", Detail: "a line is not a command"})
			continue
		}
		commands <- next
	}
	if lines.Err() != nil {
		s.events.send(event{Event: "error", Detail: "a line could not be read"})
	}
}

func (s *supervisor) obey(next command) {
	switch next.Op {
	case "start":
		s.begin(next.ID, next.startCommand)
	case "stop":
		s.end(next.ID)
	case "list":
		s.events.send(event{Event: "list", IDs: s.ids()})
	default:
		s.events.send(event{Event: "error", ID: next.ID, Detail: "unknown op"})
	}
}
