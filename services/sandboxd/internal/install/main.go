// Package install copies sandboxd to where another container runs it.
package install

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Main runs "sandboxd install PATH" and returns its exit code: 1 on failure, 2 on bad usage.
func Main(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: sandboxd install PATH")
		return 2
	}
	if err := copySelf(args[0]); err != nil {
		fmt.Fprintln(os.Stderr, "sandboxd install:", err)
		return 1
	}
	return 0
}

// copySelf writes beside the path first: whoever finds the path finds the whole program.
func copySelf(path string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	source, err := os.Open(own)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.CreateTemp(filepath.Dir(path), ".sandboxd-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	if closeErr := target.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(target.Name(), 0o755)
	}
	if err == nil {
		err = os.Rename(target.Name(), path)
	}
	if err != nil {
		_ = os.Remove(target.Name())
	}
	return err
}
