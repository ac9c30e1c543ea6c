package tree

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	// maxDepth is how many folders are open at once. What lies deeper is moved up
	// first: an agent may nest more folders than a process may open.
	maxDepth = 64
	modeAll  = 0o700
	openDir  = syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
)

// Remove deletes a folder with all that is in it, whatever modes, depth or
// links an agent left there. It never follows a symbolic link. Nothing may
// write to the folder meanwhile.
func Remove(folder string) error {
	parent, err := syscall.Open(filepath.Dir(folder), openDir, 0)
	if err != nil {
		return &os.PathError{Op: "remove", Path: folder, Err: err}
	}
	defer syscall.Close(parent)
	r := remover{parent: parent, base: filepath.Base(folder)}
	if err := r.remove(parent, r.base, 0); err != nil {
		return &os.PathError{Op: "remove", Path: folder, Err: err}
	}
	for i := 0; i < r.moved; i++ { // grows while it runs
		if err := r.remove(parent, r.movedName(i), 0); err != nil {
			return &os.PathError{Op: "remove", Path: folder, Err: err}
		}
	}
	return nil
}

type remover struct {
	parent int
	base   string
	moved  int
}

func (r *remover) movedName(i int) string { return fmt.Sprintf(".%s.removed-%d", r.base, i) }

// remove deletes one name of the folder dir.
func (r *remover) remove(dir int, name string, depth int) error {
	err := syscall.Unlinkat(dir, name)
	switch err {
	case nil, syscall.ENOENT:
		return nil
	case syscall.EISDIR, syscall.EPERM, syscall.EACCES:
	default:
		return err
	}
	if depth >= maxDepth {
		return r.moveUp(dir, name)
	}
	return r.removeFolder(dir, name, depth)
}

// removeFolder tries a few times: a listing may miss names while others go.
func (r *remover) removeFolder(dir int, name string, depth int) error {
	var err error
	for range 5 {
		if err = r.empty(dir, name, depth); err != nil {
			return err
		}
		if err = rmdirat(dir, name); err != syscall.ENOTEMPTY {
			return err
		}
	}
	return err
}

func (r *remover) moveUp(dir int, name string) error {
	_ = syscall.Fchmodat(dir, name, modeAll, 0) // moving a folder rewrites its ".."
	target := r.movedName(r.moved)
	if err := syscall.Renameat(dir, name, r.parent, target); err != nil {
		return err
	}
	r.moved++
	return nil
}

func (r *remover) empty(dir int, name string, depth int) error {
	fd, err := openFolder(dir, name)
	if err != nil {
		return err
	}
	folder := os.NewFile(uintptr(fd), name)
	defer folder.Close()
	_ = syscall.Fchmod(fd, modeAll)
	for {
		names, err := folder.Readdirnames(1024)
		for _, inner := range names {
			if err := r.remove(fd, inner, depth+1); err != nil {
				return err
			}
		}
		if err != nil { // io.EOF; another error shows at rmdir
			return nil
		}
	}
}

// openFolder opens a folder that its owner may have closed to himself.
func openFolder(dir int, name string) (int, error) {
	fd, err := syscall.Openat(dir, name, openDir, 0)
	if err == syscall.EACCES {
		// A link gives ELOOP or ENOTDIR above, so this is a real folder.
		_ = syscall.Fchmodat(dir, name, modeAll, 0)
		fd, err = syscall.Openat(dir, name, openDir, 0)
	}
	return fd, err
}
