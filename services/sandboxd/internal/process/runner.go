package process

import (
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// pipeGrace is how long output is still read after a command ended whose
	// background processes hold its pipes.
	pipeGrace = 200 * time.Millisecond
	// killGrace is how long an answer waits for a process that SIGKILL does not
	// end at once (it is in the middle of a system call).
	killGrace = 5 * time.Second
)

// Command is one run. Env is complete: nothing of the daemon's own is added.
type Command struct {
	Argv           []string
	Env            []string
	Dir            string
	Path           string // the PATH in which argv[0] is looked for
	Stdin          []byte // nil: /dev/null
	Timeout        time.Duration
	MaxOutputBytes int
}

// Result is how a run ended. ExitCode is 128+n after signal n, 127 and 126 when
// the program was not found or may not be executed (SpawnError says which).
type Result struct {
	ExitCode       int
	Signal         syscall.Signal // 0: none
	Stdout         string
	Stderr         string
	TruncatedBytes int64
	InvalidBytes   int64
	TimedOut       bool
	OOM            bool
	Duration       time.Duration
	SpawnError     string
}

// Runner runs commands to their end.
type Runner struct {
	Table        *Table
	OOM          *OOMCounter
	MaxProcesses uint64
}

// Run blocks until the command ended or was killed. The only error is ErrSealed.
func (r *Runner) Run(command Command) (Result, error) {
	started := time.Now()
	kills := r.OOM.Read()
	result, err := r.run(command)
	result.Duration = time.Since(started)
	killed := result.Signal == syscall.SIGKILL || result.ExitCode == 128+int(syscall.SIGKILL)
	result.OOM = killed && !result.TimedOut && r.OOM.Read() > kills
	return result, err
}

func (r *Runner) run(command Command) (Result, error) {
	program, failure := prepare(command)
	if failure != nil {
		return *failure, nil
	}
	streams, err := openPipes(command.Stdin != nil)
	if err != nil {
		return spawnFailure(command, err), nil
	}
	defer streams.closeOurs()
	child, err := r.start(program, command, streams)
	if err == ErrSealed {
		return Result{}, err
	}
	if err != nil {
		return spawnFailure(command, err), nil
	}
	return r.collect(child, command, streams), nil
}

func (r *Runner) start(program string, command Command, streams *pipes) (*Child, error) {
	defer streams.closeChild()
	attr := &syscall.ProcAttr{
		Dir:   command.Dir,
		Env:   command.Env,
		Files: streams.files(),
		Sys:   &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
	}
	if r.MaxProcesses > 0 {
		return r.Table.StartBounded(program, command.Argv, attr, func(pid int) { limitChild(pid, r.MaxProcesses) })
	}
	child, err := r.Table.Start(program, command.Argv, attr)
	if err == nil {
		limitChild(child.Pid, 0)
	}
	return child, err
}

func (r *Runner) collect(child *Child, command Command, streams *pipes) Result {
	if streams.stdin != nil {
		go feed(streams.stdin, command.Stdin)
	}
	shared := newBudget(command.MaxOutputBytes)
	var stdout, stderr capture
	var readers sync.WaitGroup
	readers.Add(2)
	go func() { defer readers.Done(); stdout.drain(streams.stdout, shared) }()
	go func() { defer readers.Done(); stderr.drain(streams.stderr, shared) }()

	timedOut := r.await(child, command.Timeout)
	deadline := time.Now().Add(pipeGrace)
	_ = streams.stdout.SetReadDeadline(deadline)
	_ = streams.stderr.SetReadDeadline(deadline)
	readers.Wait()
	return resultOf(child, timedOut, &stdout, &stderr)
}

// await returns whether the time ran out. The child is dead then, unless it
// does not die of SIGKILL within killGrace.
func (r *Runner) await(child *Child, timeout time.Duration) (timedOut bool) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-child.Done():
		return false
	case <-timer.C:
	}
	r.Table.Kill(child)
	select {
	case <-child.Done():
	case <-time.After(killGrace):
	}
	return true
}

func feed(stdin *os.File, text []byte) {
	_, _ = stdin.Write(text)
	_ = stdin.Close()
}

func resultOf(child *Child, timedOut bool, stdout, stderr *capture) Result {
	result := Result{TimedOut: timedOut}
	var invalidOut, invalidErr int64
	result.Stdout, invalidOut = stdout.text()
	result.Stderr, invalidErr = stderr.text()
	result.InvalidBytes = invalidOut + invalidErr
	result.TruncatedBytes = stdout.dropped + stderr.dropped
	result.ExitCode, result.Signal = exitOf(child)
	return result
}

func exitOf(child *Child) (int, syscall.Signal) {
	select {
	case <-child.Done():
	default: // killed, but not dead yet
		return 128 + int(syscall.SIGKILL), syscall.SIGKILL
	}
	status := child.Status()
	if status.Signaled() {
		return 128 + int(status.Signal()), status.Signal()
	}
	return status.ExitStatus(), 0
}
