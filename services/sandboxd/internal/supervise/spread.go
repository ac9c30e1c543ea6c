package supervise

import (
	"os"
	"syscall"
	"unsafe"
)

// ioctl_iflags(2).
const (
	fsIocGetFlags = 0x80086601
	fsIocSetFlags = 0x40086602
	fsTopDir      = 0x00020000
)

// spread asks ext4 to put each folder below this one into a block group of its
// own (chattr +T). ext4 does not give an inode out again for a minute after it
// was freed, and looks for one linearly: sandboxes that come and go in one group
// made a file's creation cost 0.6 ms, against 0.05 ms when they are spread.
// Other file systems refuse, and need no such help.
func spread(folder *os.File) {
	flags := uint64(0)
	if ioctl(folder, fsIocGetFlags, &flags) == 0 {
		flags |= fsTopDir
		_ = ioctl(folder, fsIocSetFlags, &flags)
	}
}

func ioctl(file *os.File, request uintptr, value *uint64) syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(unsafe.Pointer(value)))
	return errno
}
