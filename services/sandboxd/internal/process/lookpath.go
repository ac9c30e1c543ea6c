package process

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// LookPath finds the file that argv0 names, as a shell in dir with the given
// PATH would. It returns ENOENT when there is none and EACCES when there are
// only ones that may not be executed.
func LookPath(argv0, dir, path string) (string, error) {
	if strings.Contains(argv0, "/") {
		file := inDir(dir, argv0)
		return file, executable(file)
	}
	result := error(syscall.ENOENT)
	for _, folder := range filepath.SplitList(path) {
		file := filepath.Join(inDir(dir, folder), argv0)
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if err == syscall.EACCES {
			result = err
		}
	}
	return "", result
}

func inDir(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

func executable(file string) error {
	info, err := os.Stat(file)
	if os.IsPermission(err) {
		return syscall.EACCES
	}
	if err != nil {
		return syscall.ENOENT
	}
	const accessExecute = 1
	if info.IsDir() || syscall.Access(file, accessExecute) != nil {
		return syscall.EACCES
	}
	return nil
}
