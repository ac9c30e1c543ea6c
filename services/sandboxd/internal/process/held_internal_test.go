package process

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A process has one table: it alone waits for children.
var onlyTable = sync.OnceValue(func() *Table { return NewTable(NewForker(true), nil) })

func TestAHeldChildRunsNothingBeforeItIsBounded(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "ran")
	table := onlyTable()
	tooEarly, limit := false, syscall.Rlimit{}
	child, err := table.StartBounded("/bin/sh", []string{"sh", "-c", ": > " + marker + "; sleep 100"},
		&syscall.ProcAttr{Files: []uintptr{0, 1, 2}}, func(pid int) {
			time.Sleep(200 * time.Millisecond)
			_, err := os.Stat(marker)
			tooEarly = err == nil
			limitChild(pid, 77)
			limit = limitOf(t, pid)
		})
	if err != nil {
		t.Fatal(err)
	}
	if tooEarly {
		t.Error("it ran before its limit was set")
	}
	if limit.Max != 77 {
		t.Errorf("its limit is %v", limit)
	}
	for _, err := os.Stat(marker); err != nil; _, err = os.Stat(marker) {
		time.Sleep(time.Millisecond)
	}
	table.Kill(child)
	<-child.Done()
	if child.Status().Signal() != syscall.SIGKILL {
		t.Errorf("it ended by %v", child.Status())
	}
}

func TestAHeldProgramThatCannotRunIsAnErrorAndOneThatEndsAtOnceIsReaped(t *testing.T) {
	table := onlyTable()
	bound := func(int) {}
	attr := &syscall.ProcAttr{Files: []uintptr{0, 1, 2}}
	if _, err := table.StartBounded("/nowhere", []string{"nowhere"}, attr, bound); err != syscall.ENOENT {
		t.Errorf("the error is %v", err)
	}
	if _, err := table.StartBounded("/etc/passwd", []string{"passwd"}, attr, bound); err != syscall.EACCES {
		t.Errorf("the error is %v", err)
	}
	for range 200 {
		child, err := table.StartBounded("/bin/sh", []string{"sh", "-c", "exit 3"}, attr, bound)
		if err != nil {
			t.Fatal(err)
		}
		<-child.Done()
		if child.Status().ExitStatus() != 3 {
			t.Fatalf("it ended by %v", child.Status())
		}
	}
	dead, err := table.StartBounded("/bin/sh", []string{"sh", "-c", "exit 3"}, attr, func(pid int) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	})
	if err != nil {
		t.Fatal(err)
	}
	<-dead.Done()
	if dead.Status().Signal() != syscall.SIGKILL {
		t.Errorf("it ended by %v", dead.Status())
	}
}

func limitOf(t *testing.T, pid int) syscall.Rlimit {
	t.Helper()
	var limit syscall.Rlimit
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), rlimitNproc, 0,
		uintptr(unsafe.Pointer(&limit)), 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	return limit
}
