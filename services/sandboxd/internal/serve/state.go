package serve

import (
	"net/http"
	"sync/atomic"
)

// The closed set of a sandbox's states.
const (
	statusStarting    = "starting"
	statusReady       = "ready"
	statusSetupFailed = "setup_failed"
	statusRestarted   = "restarted"
)

// health is the body of GET /healthz.
type health struct {
	Status     string   `json:"status"`
	SandboxUID string   `json:"sandbox_uid,omitempty"`
	Argv       []string `json:"argv,omitempty"`
	ExitCode   *int     `json:"exit_code,omitempty"`
	Output     string   `json:"output,omitempty"`
}

// state is what the sandbox is at; it moves once, from starting to another.
type state struct{ current atomic.Pointer[health] }

func newState(status string) *state {
	s := &state{}
	s.set(health{Status: status})
	return s
}

func (s *state) set(next health) { s.current.Store(&next) }

func (s *state) status() string { return s.current.Load().Status }

func (s *state) serveHealth(w http.ResponseWriter, _ *http.Request) {
	current := s.current.Load()
	status := http.StatusInternalServerError
	switch current.Status {
	case statusReady:
		status = http.StatusOK
	case statusStarting:
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, encode(current))
}

// refusal is why calls can't be served now, or nil.
func (s *state) refusal() error {
	switch s.status() {
	case statusReady:
		return nil
	case statusStarting:
		return refuse(http.StatusServiceUnavailable, "starting", "the sandbox is not ready yet")
	case statusRestarted:
		return refuse(http.StatusGone, "restarted", "sandboxd was restarted: the state of this sandbox is lost")
	default:
		return refuse(http.StatusServiceUnavailable, "setup_failed", "the setup of this sandbox failed")
	}
}
