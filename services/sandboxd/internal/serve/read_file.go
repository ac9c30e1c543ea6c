package serve

import (
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"syscall"

	"rollyard.dev/sandboxd/internal/token"
)

func (d *daemon) readFile(w http.ResponseWriter, r *http.Request, _ token.Claims) error {
	query := r.URL.Query()
	path, err := d.pathOf(query)
	if err != nil {
		return err
	}
	limit, err := limitOf(query, "max_bytes", math.MaxInt64)
	if err != nil {
		return err
	}
	file, size, err := openRegular(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if size > limit {
		return refuse(http.StatusRequestEntityTooLarge, "too_large", "the file is larger than max_bytes")
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	return sendExactly(w, file, size)
}

// sendExactly streams size bytes. A file that shrinks meanwhile breaks the
// connection, so that a short answer is never taken for the whole.
func sendExactly(w http.ResponseWriter, file io.Reader, size int64) error {
	_, err := io.CopyN(w, file, size)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// openRegular opens a regular file and returns its size. It never blocks on a
// FIFO or device: it opens without waiting and looks at what it got.
func openRegular(path string, flags int, mode os.FileMode) (*os.File, int64, error) {
	fd, err := syscall.Open(path, flags|syscall.O_NONBLOCK|syscall.O_CLOEXEC|syscall.O_NOCTTY, uint32(mode))
	if err != nil {
		return nil, 0, fileRefusal(err)
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil || stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		_ = syscall.Close(fd)
		return nil, 0, notAFile()
	}
	return os.NewFile(uintptr(fd), "file"), stat.Size, nil
}
