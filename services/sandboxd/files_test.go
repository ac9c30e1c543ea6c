package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (s *sandbox) get(path, extra string) reply {
	s.t.Helper()
	return s.send("GET", "/v1/files?path="+url.QueryEscape(path)+extra, s.token, nil)
}

func (s *sandbox) put(id, path, body string) reply {
	s.t.Helper()
	return s.send("PUT", "/v1/files?call_id="+id+"&path="+url.QueryEscape(path), s.token, strings.NewReader(body))
}

func TestFilesAreWrittenAndReadByteForByte(t *testing.T) {
	s := startSandbox(t)
	body := "\x00\xff binary\n"
	r := s.put("w", "deep/er/file", body)
	expect(t, "status", r.status, 200)
	expect(t, "size", r.json["size_bytes"], len(body))
	expect(t, "replayed", r.json["replayed"], false)
	expect(t, "relative", string(s.get("deep/er/file", "").body), body)
	expect(t, "absolute", string(s.get(s.workdir+"/deep/er/file", "").body), body)
	expect(t, "within the limit", s.get("deep/er/file", "&max_bytes=10").status, 200)
	over := s.get("deep/er/file", "&max_bytes=9")
	expect(t, "over the limit", over.status, 413)
	expect(t, "over the limit", over.code(), "too_large")
}

func TestAFileWriteIsDoneOnce(t *testing.T) {
	s := startSandbox(t)
	s.put("w", "f", "one")
	s.run("later", "echo two > f")
	again := s.put("w", "f", "one")
	expect(t, "replayed", again.json["replayed"], true)
	expect(t, "not written again", string(s.get("f", "").body), "two\n")
	expect(t, "another body", s.put("w", "f", "three").code(), "call_id_reused")
	expect(t, "another path", s.put("w", "g", "one").code(), "call_id_reused")
	expect(t, "an exec's id", s.put("later", "f", "x").code(), "call_id_reused")
	expect(t, "no id", s.send("PUT", "/v1/files?path=f", s.token, nil).code(), "invalid_request")
}

func TestAWriteKeepsTheModeOfAFileAndFollowsItsLink(t *testing.T) {
	s := startSandbox(t)
	s.run("mk", "echo old-and-longer > tool; chmod 755 tool; ln -s tool link")
	s.put("w", "link", "new")
	expect(t, "content and mode", s.run("see", "cat tool; stat -c %a tool; stat -c %F link")["stdout"], "new755\nsymbolic link\n")
	s.send("PUT", "/v1/files?call_id=m&mode=750&path=made", s.token, strings.NewReader("x"))
	expect(t, "mode of a new file", s.run("see2", "stat -c %a made")["stdout"], "750\n")
}

func TestPathsThatAreNoRegularFilesAreRefusedAtOnce(t *testing.T) {
	s := startSandbox(t)
	s.run("mk", "mkdir dir; mkfifo fifo; ln -s fifo link; echo x > file; ln -s a b; ln -s b a")
	started := time.Now()
	for path, code := range map[string]string{
		"dir": "not_a_file", "fifo": "not_a_file", "link": "not_a_file", "/dev/zero": "not_a_file", "/dev/tty": "",
		"missing": "not_found", "file/below": "not_found", "a": "bad_path", "": "invalid_request",
		"nul\x00": "invalid_request", strings.Repeat("n", 300): "bad_path",
	} {
		read := s.get(path, "")
		if read.status < 400 || (code != "" && read.code() != code) {
			t.Errorf("GET %.20q: %d %s, want %s", path, read.status, read.code(), code)
		}
	}
	for path, code := range map[string]string{
		"dir": "not_a_file", "fifo": "not_a_file", "link": "not_a_file", "/dev/zero": "not_a_file",
		"file/below": "bad_path", "a": "bad_path", ".": "not_a_file", "/proc/none": "",
	} {
		written := s.put("w-"+url.QueryEscape(path), path, "x")
		if written.status < 400 || (code != "" && written.code() != code) {
			t.Errorf("PUT %q: %d %s, want %s", path, written.status, written.code(), code)
		}
	}
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("took %v: something blocked", took)
	}
}

func TestAFIFOWithAWriterIsNotReadEither(t *testing.T) {
	s := startSandbox(t)
	if err := syscall.Mkfifo(filepath.Join(s.workdir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	hold, err := os.OpenFile(filepath.Join(s.workdir, "fifo"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	expect(t, "GET", s.get("fifo", "").code(), "not_a_file")
	expect(t, "PUT", s.put("w", "fifo", "x").code(), "not_a_file")
}

func TestABodyAboveTheLimitIsRefused(t *testing.T) {
	s := startSandbox(t, "--max-file-bytes", "1000")
	expect(t, "at the limit", s.put("a", "f", strings.Repeat("x", 1000)).status, 200)
	expect(t, "above", s.put("b", "f", strings.Repeat("x", 1001)).status, 413)
	body, feed := newPipe() // no Content-Length
	go func() { feed.writeHalf(strings.NewReader(strings.Repeat("x", 1500))); feed.writeRest() }()
	r, err := s.trySend(context.Background(), "PUT", "/v1/files?path=f&call_id=c", s.token, body)
	if err == nil {
		expect(t, "above, chunked", r.status, 413)
	}
	expect(t, "nothing was written", len(s.get("f", "").body), 1000)
}

func TestArchiveHoldsFilesFoldersAndLinksOnly(t *testing.T) {
	s := startSandbox(t)
	s.run("mk", "mkdir -p d/e d/shut; echo hello > d/e/f; chmod 640 d/e/f; ln -s /etc/passwd d/link; mkfifo d/fifo; echo x > d/shut/x")
	r := s.send("GET", "/v1/archive?path=d", s.token, nil)
	expect(t, "status", r.status, 200)
	var names []string
	reader := tar.NewReader(bytes.NewReader(r.body))
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name+":"+header.Linkname)
		if header.Name == "e/f" {
			text, _ := io.ReadAll(reader)
			expect(t, "content", string(text), "hello\n")
			expect(t, "mode", header.Mode, 0o640)
		}
	}
	expect(t, "names", strings.Join(names, " "), "./: e/: e/f: link:/etc/passwd shut/: shut/x:")
	expect(t, "missing", s.send("GET", "/v1/archive?path=none", s.token, nil).code(), "not_found")
	expect(t, "too large", s.send("GET", "/v1/archive?path=d&max_bytes=7", s.token, nil).code(), "too_large")
	expect(t, "large enough", s.send("GET", "/v1/archive?path=d&max_bytes=8", s.token, nil).status, 200)
}

func TestAnArchiveBeneathTheWorkdirFollowsNoLinkAndHoldsToItsLimits(t *testing.T) {
	s := startSandbox(t)
	s.run("mk", "mkdir -p d/e; echo x > d/e/f; ln -s d link; ln -s /etc out; ln -s d/e/f file-link; truncate -s 1T d/bomb")
	archive := func(path, extra string) reply {
		return s.send("GET", "/v1/archive?beneath=true&path="+url.QueryEscape(path)+extra, s.token, nil)
	}
	for path, code := range map[string]string{
		"d/e": "", "d/e/f": "", "none": "not_found", "d/e/f/g": "not_found",
		"link": "bad_path", "link/e": "bad_path", "out/passwd": "bad_path", "file-link": "bad_path",
		"../x": "bad_path", "d/../../x": "bad_path", "/etc/passwd": "bad_path", "": "invalid_request",
	} {
		r := archive(path, "")
		if (code == "") != (r.status == 200) || (code != "" && r.code() != code) {
			t.Errorf("%q: %d, want %q", path, r.status, code)
		}
	}
	expect(t, "the workdir", archive(".", "&max_entries=1").code(), "too_large")
	expect(t, "absolute inside", archive(s.workdir+"/d/e", "").status, 200)
	expect(t, "a sparse file counts whole", archive("d", "&max_bytes=1000000").code(), "too_large")
	expect(t, "entries", archive("d/e", "&max_entries=1").code(), "too_large")
	expect(t, "entries that fit", archive("d/e", "&max_entries=2").status, 200)
}
