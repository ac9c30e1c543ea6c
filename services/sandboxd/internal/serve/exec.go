package serve

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"rollyard.dev/sandboxd/internal/calls"
	"rollyard.dev/sandboxd/internal/process"
	"rollyard.dev/sandboxd/internal/token"
)

const (
	maxExecBody    = 4 << 20
	maxOutputBytes = 16 << 20
	maxTimeoutMs   = 24 * 60 * 60 * 1000
)

type execRequest struct {
	CallID         string            `json:"call_id"`
	Argv           []string          `json:"argv"`
	Stdin          *string           `json:"stdin,omitempty"`
	Cwd            string            `json:"cwd,omitempty"`
	Env            map[string]string `json:"env,omitempty"`
	TimeoutMs      int64             `json:"timeout_ms,omitempty"`
	MaxOutputBytes int               `json:"max_output_bytes"`
}

type execAnswer struct {
	ExitCode       int     `json:"exit_code"`
	Signal         *string `json:"signal"`
	Stdout         string  `json:"stdout"`
	Stderr         string  `json:"stderr"`
	Truncated      bool    `json:"truncated"`
	TruncatedBytes int64   `json:"truncated_bytes"`
	InvalidBytes   int64   `json:"invalid_bytes"`
	TimedOut       bool    `json:"timed_out"`
	OOM            bool    `json:"oom"`
	DurationMs     int64   `json:"duration_ms"`
	SpawnError     string  `json:"spawn_error,omitempty"`
}

func (d *daemon) exec(w http.ResponseWriter, r *http.Request, claims token.Claims) error {
	body, err := readBody(w, r, maxExecBody)
	if err != nil {
		return err
	}
	var request execRequest
	if err := decodeStrict(body, &request); err != nil {
		return err
	}
	if err := request.check(); err != nil {
		return err
	}
	return d.answer(w, r, claims, call{
		id: request.CallID, digest: request.digest(), slots: d.execs,
		run: func() (calls.Answer, error) { return d.runExec(request) },
	})
}

func (e *execRequest) check() error {
	if err := checkCallID(e.CallID); err != nil {
		return err
	}
	if len(e.Argv) == 0 || e.Argv[0] == "" {
		return invalid("argv must name a program")
	}
	if strings.Contains(strings.Join(e.Argv, "")+e.Cwd, "\x00") {
		return invalid("argv and cwd must not hold NUL")
	}
	if e.TimeoutMs < 1 || e.TimeoutMs > maxTimeoutMs {
		return invalid("timeout_ms must be 1 to 86400000")
	}
	if e.MaxOutputBytes < 0 || e.MaxOutputBytes > maxOutputBytes {
		return invalid("max_output_bytes must be 0 to 16777216")
	}
	for name, value := range e.Env {
		if !isVariable(name, value) {
			return invalid("env holds a name or value that no environment can hold")
		}
	}
	return nil
}

// digest leaves timeout_ms out: it is the time that the sender had left, which
// differs when another driver sends the same call again.
func (e execRequest) digest() calls.Digest {
	e.TimeoutMs = 0
	return digestOf("exec", e)
}

func (d *daemon) runExec(request execRequest) (calls.Answer, error) {
	command := process.Command{
		Argv:           request.Argv,
		Env:            d.environment.list(request.Env),
		Path:           d.environment.path(request.Env),
		Dir:            d.absolute(request.Cwd),
		Timeout:        time.Duration(request.TimeoutMs) * time.Millisecond,
		MaxOutputBytes: request.MaxOutputBytes,
	}
	if request.Stdin != nil {
		command.Stdin = []byte(*request.Stdin)
	}
	result, err := d.runner.Run(command)
	if err != nil {
		return calls.Answer{}, err
	}
	answer := newExecAnswer(result)
	slog.Info("command ended", "exit_code", answer.ExitCode, "duration_ms", answer.DurationMs,
		"timed_out", answer.TimedOut, "truncated", answer.Truncated)
	return calls.Answer{Status: http.StatusOK, Body: encode(answer)}, nil
}

func newExecAnswer(result process.Result) execAnswer {
	answer := execAnswer{
		ExitCode: result.ExitCode, Stdout: result.Stdout, Stderr: result.Stderr,
		Truncated: result.TruncatedBytes > 0, TruncatedBytes: result.TruncatedBytes,
		InvalidBytes: result.InvalidBytes, TimedOut: result.TimedOut, OOM: result.OOM,
		DurationMs: int64((result.Duration + time.Millisecond - 1) / time.Millisecond),
		SpawnError: result.SpawnError,
	}
	if result.Signal != 0 {
		name := process.SignalName(result.Signal)
		answer.Signal = &name
	}
	return answer
}

// absolute resolves a path of the agent's view against the workdir.
func (d *daemon) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(d.options.Workdir, path)
}
