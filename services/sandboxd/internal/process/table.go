package process

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// ErrSealed is returned by Start once Seal was called.
var ErrSealed = errors.New("no process may be started any more")

// Child is a process started by a Table.
type Child struct {
	Pid    int
	done   chan struct{}
	status syscall.WaitStatus
}

// Done is closed when the process has ended and was reaped.
func (c *Child) Done() <-chan struct{} { return c.done }

// Status is valid once Done is closed.
func (c *Child) Status() syscall.WaitStatus { return c.status }

// Table holds the children of this process and is the only one to wait for
// them. Starting and reaping share one lock: a child can't be reaped before it
// is registered, and no signal can reach a pid that was given to a stranger.
type Table struct {
	mu      sync.Mutex
	forker  *Forker
	running map[int]*Child
	sealed  bool
	reaped  func()
}

// NewTable starts the reaper. reaped, if not nil, is called after each round
// of reaping, outside the lock.
func NewTable(forker *Forker, reaped func()) *Table {
	t := &Table{forker: forker, running: map[int]*Child{}, reaped: reaped}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	go t.reapLoop(signals)
	return t
}

// Start runs path with argv. It returns ErrSealed, or the error of fork or exec.
func (t *Table) Start(path string, argv []string, attr *syscall.ProcAttr) (*Child, error) {
	return t.StartBounded(path, argv, attr, nil)
}

// StartBounded does the same, and the child runs nothing of its program before
// bound, if it is not nil, has returned.
func (t *Table) StartBounded(path string, argv []string, attr *syscall.ProcAttr, bound func(pid int)) (*Child, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sealed {
		return nil, ErrSealed
	}
	pid, err := t.forker.fork(path, argv, attr, bound)
	if err != nil {
		return nil, err
	}
	child := &Child{Pid: pid, done: make(chan struct{})}
	t.running[pid] = child
	return child, nil
}

// Seal refuses every later Start. Once it returns, no start is under way.
func (t *Table) Seal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sealed = true
}

// Kill sends SIGKILL to the child's process group, to the child, and to every
// descendant that it still has, also those that left the group. It returns the
// descendants.
func (t *Table) Kill(child *Child) []int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, alive := t.running[child.Pid]; !alive {
		return nil
	}
	tree := Descendants(child.Pid)
	_ = syscall.Kill(-child.Pid, syscall.SIGKILL)
	_ = syscall.Kill(child.Pid, syscall.SIGKILL)
	for _, pid := range tree {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return tree
}

// KillStrangers kills every direct child that no Start made: an orphan that
// this process adopted when its parent died. It returns how many there were.
func (t *Table) KillStrangers() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	strangers := 0
	for _, pid := range Children(os.Getpid()) {
		if _, ours := t.running[pid]; ours {
			continue
		}
		strangers++
		tree := Descendants(pid)
		_ = syscall.Kill(pid, syscall.SIGKILL)
		for _, below := range tree {
			_ = syscall.Kill(below, syscall.SIGKILL)
		}
	}
	return strangers
}

func (t *Table) reapLoop(signals <-chan os.Signal) {
	for range signals {
		t.reap()
		if t.reaped != nil {
			t.reaped()
		}
	}
}

func (t *Table) reap() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if child, ours := t.running[pid]; ours {
			delete(t.running, pid)
			child.status = status
			close(child.done)
		}
	}
}
