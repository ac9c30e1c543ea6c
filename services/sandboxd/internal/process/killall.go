package process

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// ErrSurvivors is returned when processes outlive SIGKILL for the given time.
var ErrSurvivors = errors.New("some processes could not be killed")

// KillNamespace kills every process of this PID namespace but its init and the
// caller. One kill(-1) reaches all at once, also against a fork bomb: a fork
// under way fails when its parent has a signal pending.
func KillNamespace(limit time.Duration) error {
	return repeat(limit, func() bool {
		if err := syscall.Kill(-1, syscall.SIGKILL); err == syscall.ESRCH {
			return true
		}
		for _, pid := range allPids() {
			if pid != 1 && pid != os.Getpid() && isAlive(pid) {
				return false
			}
		}
		return len(allPids()) > 0
	})
}

// KillDescendants kills every process below this one, again and again until
// none is left. Orphans stay below it because it adopts them.
func KillDescendants(limit time.Duration) error {
	return repeat(limit, func() bool {
		alive := false
		tree := Descendants(os.Getpid())
		for _, pid := range tree {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
		}
		for _, pid := range append(tree, Descendants(os.Getpid())...) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			alive = alive || isAlive(pid)
		}
		return !alive
	})
}

// repeat calls round until it is true, at growing intervals up to 20 ms.
func repeat(limit time.Duration, round func() bool) error {
	deadline := time.Now().Add(limit)
	for pause := time.Millisecond; !round(); pause = min(2*pause, 20*time.Millisecond) {
		if time.Now().After(deadline) {
			return ErrSurvivors
		}
		time.Sleep(pause)
	}
	return nil
}

// WaitGone waits until none of the processes runs any more (zombies hold no
// files and count as gone).
func WaitGone(pids []int, limit time.Duration) error {
	return repeat(limit, func() bool {
		for _, pid := range pids {
			if isAlive(pid) {
				return false
			}
		}
		return true
	})
}

// WaitNoStrangers kills the orphans that a table's process adopted until there
// are none.
func WaitNoStrangers(t *Table, limit time.Duration) error {
	return repeat(limit, func() bool { return t.KillStrangers() == 0 })
}
