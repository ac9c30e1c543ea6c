package serve

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// pathOf is the path that a request names, in the agent's own view: relative
// ones are below the workdir, absolute ones and ".." are allowed.
func (d *daemon) pathOf(query url.Values) (string, error) {
	path := query.Get("path")
	if path == "" || strings.Contains(path, "\x00") {
		return "", invalid("path must be given, without NUL")
	}
	return d.absolute(path), nil
}

// limitOf reads an optional size of the query.
func limitOf(query url.Values, name string, otherwise int64) (int64, error) {
	if !query.Has(name) {
		return otherwise, nil
	}
	limit, err := strconv.ParseInt(query.Get(name), 10, 64)
	if err != nil || limit < 0 {
		return 0, invalid(name + " must be a whole number, 0 or more")
	}
	return limit, nil
}

func notAFile() error {
	return refuse(http.StatusBadRequest, "not_a_file", "the path is not a regular file")
}

var fileRefusals = []struct {
	errno   syscall.Errno
	refusal *refusal
}{
	{syscall.ENOENT, refuse(http.StatusNotFound, "not_found", "no such file")},
	{syscall.ENOTDIR, refuse(http.StatusNotFound, "not_found", "a part of the path is not a folder")},
	{syscall.EISDIR, refuse(http.StatusBadRequest, "not_a_file", "the path is a folder")},
	{syscall.ENXIO, refuse(http.StatusBadRequest, "not_a_file", "the path is not a regular file")},
	{syscall.ENODEV, refuse(http.StatusBadRequest, "not_a_file", "the path is not a regular file")},
	{syscall.EACCES, refuse(http.StatusForbidden, "permission_denied", "permission denied")},
	{syscall.EPERM, refuse(http.StatusForbidden, "permission_denied", "permission denied")},
	{syscall.EROFS, refuse(http.StatusForbidden, "permission_denied", "the file system is read-only")},
	{syscall.ETXTBSY, refuse(http.StatusForbidden, "permission_denied", "the file is a program that runs")},
	{syscall.ELOOP, refuse(http.StatusBadRequest, "bad_path", "the path has too many symbolic links")},
	{syscall.ENAMETOOLONG, refuse(http.StatusBadRequest, "bad_path", "the path is too long")},
	{syscall.ENOSPC, refuse(http.StatusInsufficientStorage, "disk_full", "no space is left")},
	{syscall.EDQUOT, refuse(http.StatusInsufficientStorage, "disk_full", "no space is left")},
	{syscall.EFBIG, refuse(http.StatusInsufficientStorage, "disk_full", "the file is too large for its file system")},
}

// fileRefusal maps an error of the file system to what the client sees.
func fileRefusal(err error) error {
	for _, entry := range fileRefusals {
		if errors.Is(err, entry.errno) {
			return entry.refusal
		}
	}
	return err
}
