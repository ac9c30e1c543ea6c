package tree

import (
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Owner is who gets the files; nil in its place leaves them to the process.
type Owner struct{ UID, GID int }

// CopyTo writes the corpus into an existing empty folder. The process's umask
// must be 0, or modes are cut.
func (c *Corpus) CopyTo(folder string, owner *Owner) error {
	for i := range c.entries {
		if err := c.copyEntry(&c.entries[i], folder, owner); err != nil {
			return err
		}
	}
	// Folders become read-only only after all was written into them.
	for i := len(c.entries) - 1; i >= 0; i-- {
		e := &c.entries[i]
		if e.mode.IsDir() && e.mode.Perm()&0o700 != 0o700 {
			if err := os.Chmod(folder+e.path, e.mode.Perm()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Corpus) copyEntry(e *entry, folder string, owner *Owner) error {
	path := folder + e.path
	switch {
	case e.mode.IsDir():
		return own(path, owner, os.Mkdir(path, e.mode.Perm()|0o700))
	case e.mode&fs.ModeSymlink != 0:
		return own(path, owner, os.Symlink(e.target, path))
	case e.onDisk:
		return own(path, owner, copyFile(c.root+e.path, path, e.mode.Perm()))
	default:
		return writeFile(path, e.mode.Perm(), e.body, owner)
	}
}

func own(path string, owner *Owner, err error) error {
	if err != nil || owner == nil {
		return err
	}
	return os.Lchown(path, owner.UID, owner.GID)
}

// writeFile uses bare system calls: a corpus has thousands of small files, and
// each sandbox gets all of them.
func writeFile(path string, mode fs.FileMode, body []byte, owner *Owner) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, uint32(mode))
	if err != nil {
		return &fs.PathError{Op: "create", Path: path, Err: err}
	}
	defer syscall.Close(fd)
	for len(body) > 0 {
		n, err := syscall.Write(fd, body)
		if err != nil && err != syscall.EINTR {
			return &fs.PathError{Op: "write", Path: path, Err: err}
		}
		body = body[max(n, 0):]
	}
	if owner != nil {
		return syscall.Fchown(fd, owner.UID, owner.GID)
	}
	return nil
}

func copyFile(from, to string, mode fs.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	if closeErr := target.Close(); err == nil {
		err = closeErr
	}
	return err
}
