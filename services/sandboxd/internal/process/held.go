package process

import "syscall"

const (
	waitByPid  = 1 // P_PID
	waitExited = 0x4
	waitStop   = 0x2
	waitLeave  = 0x1000000 // WNOWAIT: whoever reaps still finds it
)

// startHeld starts a program that runs none of its instructions before bound
// has returned. A limit that is set on a child that runs already comes too
// late for what it has forked by then: a fork bomb needs a millisecond, which
// a busy machine gives it. So the child asks to be traced, which stops it at
// its exec, and is let go for good once it is bounded. To be called on a
// thread that never ends. Returns the error of fork or exec, and EPERM also
// where tracing is forbidden.
func startHeld(path string, argv []string, attr *syscall.ProcAttr, bound func(pid int)) (int, error) {
	held := *attr
	sys := syscall.SysProcAttr{}
	if attr.Sys != nil {
		sys = *attr.Sys
	}
	sys.Ptrace = true
	held.Sys = &sys
	pid, err := syscall.ForkExec(path, argv, &held)
	if err != nil {
		return 0, err
	}
	awaitStop(pid)
	bound(pid)
	// One that was killed meanwhile needs no letting go.
	_ = syscall.PtraceDetach(pid)
	return pid, nil
}

// awaitStop returns when the child has stopped, or has ended.
func awaitStop(pid int) {
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, waitByPid, uintptr(pid), 0,
			waitExited|waitStop|waitLeave, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}
