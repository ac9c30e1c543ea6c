package serve

import (
	"errors"
	"fmt"
	"syscall"
)

// errorKind names an error for the log without its text, which may hold a path.
func errorKind(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return fmt.Sprintf("%T", err)
}
