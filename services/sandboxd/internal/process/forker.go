package process

import (
	"runtime"
	"syscall"
)

// Forker starts every child from one OS thread that never ends. The kernel's
// parent-death signal follows the thread that forked, not the process: from an
// ordinary goroutine a child could die with an idle thread.
type Forker struct{ requests chan forkRequest }

type forkRequest struct {
	path   string
	argv   []string
	attr   *syscall.ProcAttr
	bound  func(pid int)
	answer chan forkAnswer
}

type forkAnswer struct {
	pid int
	err error
}

// NewForker starts the thread. With noNewPrivs its children can never gain
// privileges by a setuid file (the attribute is the thread's and is inherited).
func NewForker(noNewPrivs bool) *Forker {
	f := &Forker{requests: make(chan forkRequest)}
	go f.loop(noNewPrivs)
	return f
}

func (f *Forker) loop(noNewPrivs bool) {
	runtime.LockOSThread()
	if noNewPrivs {
		_ = prctl(prSetNoNewPrivs, 1)
	}
	for r := range f.requests {
		pid, err := r.start()
		r.answer <- forkAnswer{pid, err}
	}
}

func (r *forkRequest) start() (int, error) {
	if r.bound == nil {
		return syscall.ForkExec(r.path, r.argv, r.attr)
	}
	pid, err := startHeld(r.path, r.argv, r.attr, r.bound)
	if err != syscall.EPERM {
		return pid, err
	}
	// Perhaps tracing is forbidden here: then it has a moment without bounds.
	pid, err = syscall.ForkExec(r.path, r.argv, r.attr)
	if err == nil {
		r.bound(pid)
	}
	return pid, err
}

// fork starts a child. With bound, the child runs nothing of its program
// before bound has returned.
func (f *Forker) fork(path string, argv []string, attr *syscall.ProcAttr, bound func(pid int)) (int, error) {
	answer := make(chan forkAnswer, 1)
	f.requests <- forkRequest{path, argv, attr, bound, answer}
	a := <-answer
	return a.pid, a.err
}
