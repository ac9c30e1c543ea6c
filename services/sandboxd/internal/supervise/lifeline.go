package supervise

import (
	"sync"
	"syscall"
)

// lifeline is the read end of a pipe whose write end only this process holds,
// for as long as it lives. It is the stdin of every sandbox: when it ends, the
// supervisor is gone, however it died. The parent-death signal alone leaves a
// gap, because bubblewrap and unshare set it anew for the process that they
// start, and a supervisor that dies before that takes nothing along.
var lifeline = sync.OnceValues(func() (uintptr, error) {
	var ends [2]int
	err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC)
	return uintptr(ends[0]), err
})
