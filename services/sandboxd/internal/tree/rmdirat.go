package tree

import (
	"syscall"
	"unsafe"
)

const atRemoveDir = 0x200

// rmdirat removes an empty folder by its name in another (unlinkat(2)).
func rmdirat(dir int, name string) error {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(syscall.SYS_UNLINKAT, uintptr(dir), uintptr(unsafe.Pointer(text)), atRemoveDir)
	if errno != 0 {
		return errno
	}
	return nil
}
