package process

import (
	"os"
	"strconv"
	"syscall"
)

const (
	sysCloseRange     = 436 // the same number on every architecture
	closeRangeCloexec = 4
	firstInherited    = 3
)

// SealInherited keeps every descriptor that this process got from its parent,
// known or not, from going on to its children: an open file or pipe of the host
// must not reach a sandbox. (close_range(2) has been there since Linux 5.11.)
func SealInherited() {
	_, _, errno := syscall.RawSyscall(sysCloseRange, firstInherited, uintptr(^uint32(0)), closeRangeCloexec)
	if errno == 0 {
		return
	}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd >= firstInherited {
			syscall.CloseOnExec(fd)
		}
	}
}
