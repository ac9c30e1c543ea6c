package process

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

const rlimitNproc = 6

// limitChild bounds a child: how many processes its user may have (0 = as it
// is), and that the kernel, short of memory, ends it before this daemon. The
// limits are set on the child and not inherited from here, because a daemon
// under its own process limit dies when the agent reaches it. What the child
// has forked before has no limit: see startHeld. Both are best effort: a
// cgroup is the real bound.
func limitChild(pid int, maxProcesses uint64) {
	file := "/proc/" + strconv.Itoa(pid) + "/oom_score_adj"
	_ = os.WriteFile(file, []byte("500"), 0)
	if maxProcesses == 0 {
		return
	}
	limit := syscall.Rlimit{Cur: maxProcesses, Max: maxProcesses}
	_, _, _ = syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), rlimitNproc,
		uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
}
