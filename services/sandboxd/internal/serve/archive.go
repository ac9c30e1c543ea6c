package serve

import (
	"archive/tar"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"rollyard.dev/sandboxd/internal/token"
)

const maxArchiveEntries = 200_000

// archive streams a folder (or one file) as tar. Names are relative to it.
// Symbolic links are stored as links; sockets, FIFOs, devices and what can't be
// read are left out.
func (d *daemon) archive(w http.ResponseWriter, r *http.Request, _ token.Claims) error {
	query := r.URL.Query()
	root, err := d.archiveRoot(query)
	if err != nil {
		return err
	}
	limit, err := archiveLimits(query)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(root); err != nil {
		return fileRefusal(err)
	}
	if err := measure(root, limit); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-tar")
	packer := packer{tar: tar.NewWriter(w), root: root}
	if filepath.WalkDir(root, packer.add) != nil || packer.tar.Close() != nil {
		panic(http.ErrAbortHandler) // a cut archive must not look like a whole one
	}
	return nil
}

// archiveRoot is the path that a request names. With beneath=true it is in the
// workdir and no part of it, itself included, is a symbolic link. Only in a
// frozen sandbox does that hold until the archive is sent.
func (d *daemon) archiveRoot(query url.Values) (string, error) {
	path, err := d.pathOf(query)
	if err != nil || query.Get("beneath") != "true" {
		return path, err
	}
	workdir := filepath.Clean(d.absolute("."))
	inside, err := filepath.Rel(workdir, path)
	if err != nil || !filepath.IsLocal(inside) {
		return "", outside()
	}
	part := workdir
	for _, name := range strings.Split(inside, string(filepath.Separator)) {
		part = filepath.Join(part, name)
		info, err := os.Lstat(part)
		if err != nil {
			return "", fileRefusal(err)
		}
		if part != workdir && info.Mode()&fs.ModeSymlink != 0 {
			return "", outside()
		}
	}
	return part, nil
}

func outside() error {
	return refuse(http.StatusBadRequest, "bad_path", "the path leads out of the workdir, or through a symbolic link")
}

type archiveLimit struct {
	bytes   int64
	entries int64
}

func archiveLimits(query url.Values) (archiveLimit, error) {
	bytes, err := limitOf(query, "max_bytes", math.MaxInt64)
	if err != nil {
		return archiveLimit{}, err
	}
	entries, err := limitOf(query, "max_entries", maxArchiveEntries)
	return archiveLimit{bytes, min(entries, maxArchiveEntries)}, err
}

// measure refuses a folder that is too large before a byte is sent.
func measure(root string, limit archiveLimit) error {
	entries, total := int64(0), int64(0)
	return filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return skip(entry)
		}
		entries++
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		if total > limit.bytes || entries > limit.entries {
			return refuse(http.StatusRequestEntityTooLarge, "too_large", "the folder is larger than max_bytes, or has more than max_entries entries")
		}
		return nil
	})
}

func skip(entry fs.DirEntry) error {
	if entry != nil && entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

type packer struct {
	tar  *tar.Writer
	root string
}

func (p packer) add(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		return skip(entry)
	}
	name, err := filepath.Rel(p.root, path)
	if err != nil {
		return err
	}
	if name == "." && !entry.IsDir() {
		name = filepath.Base(path)
	}
	switch entry.Type() {
	case 0:
		return p.addFile(path, name)
	case fs.ModeDir:
		return p.addOther(path, name+"/", entry)
	case fs.ModeSymlink:
		return p.addOther(path, name, entry)
	default:
		return nil
	}
}

func (p packer) addOther(path, name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return nil
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(path); err != nil {
			return nil
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	return p.tar.WriteHeader(anonymous(header, name))
}

func (p packer) addFile(path, name string) error {
	file, _, err := openRegular(path, os.O_RDONLY, 0)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	if err := p.tar.WriteHeader(anonymous(header, name)); err != nil {
		return err
	}
	return copyPadded(p.tar, file, header.Size)
}

// anonymous takes owners and access times off, so that equal folders give
// equal archives wherever they were made.
func anonymous(header *tar.Header, name string) *tar.Header {
	return &tar.Header{
		Typeflag: header.Typeflag, Name: name, Linkname: header.Linkname,
		Size: header.Size, Mode: header.Mode & 0o777, ModTime: header.ModTime, Format: tar.FormatPAX,
	}
}
