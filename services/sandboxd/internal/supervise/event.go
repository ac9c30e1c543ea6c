package supervise

import (
	"encoding/json"
	"io"
	"sync"
)

// event is one line of stdout.
type event struct {
	Event    string   `json:"event"` // hello | ready | start_failed | stopped | exited | list | error | fatal
	ID       string   `json:"id,omitempty"`
	PID      int      `json:"pid,omitempty"`
	CopyMs   *float64 `json:"copy_ms,omitempty"`
	BootMs   *float64 `json:"boot_ms,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Detail   string   `json:"detail,omitempty"`
	ExitCode *int     `json:"exit_code,omitempty"`
	Signal   string   `json:"signal,omitempty"`
	Stderr   string   `json:"stderr,omitempty"`
	IDs      []string `json:"ids,omitzero"`
}

// The closed set of start_failed reasons.
const (
	reasonBadRequest  = "bad_request"
	reasonCopy        = "copy"
	reasonSpawn       = "spawn"
	reasonExited      = "exited"
	reasonSetupFailed = "setup_failed"
	reasonTimeout     = "timeout"
	reasonStopped     = "stopped"
)

// events writes lines to stdout; broken is closed when nobody reads them.
type events struct {
	mu     sync.Mutex
	out    io.Writer
	broken chan struct{}
	once   sync.Once
}

func newEvents(out io.Writer) *events {
	return &events{out: out, broken: make(chan struct{})}
}

func (e *events) send(next event) {
	line, err := json.Marshal(next)
	if err != nil { // only unsupported types fail, and none is used here
		panic(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := e.out.Write(append(line, '\n')); err != nil {
		e.once.Do(func() { close(e.broken) })
	}
}
