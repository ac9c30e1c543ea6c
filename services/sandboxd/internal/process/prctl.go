// Package process starts, reaps and kills processes for a daemon that may be
// PID 1 and that adopts orphans: one reaper owns every wait.
package process

import "syscall"

const (
	prSetPdeathsig      = 1
	prSetDumpable       = 4
	prSetChildSubreaper = 36
	prSetNoNewPrivs     = 38
)

func prctl(option, argument uintptr) error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, option, argument, 0); errno != 0 {
		return errno
	}
	return nil
}

// HideMemory makes the process undumpable, so that others of its own uid can
// neither trace it nor read its memory or descriptors.
func HideMemory() error { return prctl(prSetDumpable, 0) }

// AdoptOrphans makes the process the reaper of its descendants' orphans.
func AdoptOrphans() error { return prctl(prSetChildSubreaper, 1) }

// SignalOnParentDeath asks for a signal when the parent ends. The attribute is
// the calling thread's, so it must be called on the main thread.
func SignalOnParentDeath(signal syscall.Signal) error {
	return prctl(prSetPdeathsig, uintptr(signal))
}

// DisableCoreDumps sets the core size limit of the process and its children to 0.
func DisableCoreDumps() error {
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
