package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Children returns the direct children of a process, zombies too. It is empty
// when the process is gone.
func Children(pid int) []int {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task/"
	threads := names(tasks)
	var children []int
	for _, thread := range threads {
		text, err := readSmall(tasks + thread + "/children")
		if err == syscall.ENOENT && thread == strconv.Itoa(pid) && isAlive(pid) {
			return childrenByScan(pid)
		}
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

func names(folder string) []string {
	opened, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer opened.Close()
	found, _ := opened.Readdirnames(-1)
	return found
}

// readSmall reads a file of /proc without the poller: it is called thousands of
// times a second.
func readSmall(path string) (text []byte, err error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	for chunk := make([]byte, 4096); ; {
		n, err := syscall.Read(fd, chunk)
		if n <= 0 {
			return text, err
		}
		text = append(text, chunk[:n]...)
	}
}

// Descendants returns all processes below pid, zombies too, parents first.
func Descendants(pid int) []int {
	found := Children(pid)
	for i := 0; i < len(found); i++ {
		found = append(found, Children(found[i])...)
	}
	return found
}

// childrenByScan serves kernels without /proc/PID/task/TID/children.
func childrenByScan(parent int) []int {
	var children []int
	for _, pid := range allPids() {
		if status, ok := readStat(pid); ok && status.parent == parent {
			children = append(children, pid)
		}
	}
	return children
}

func allPids() []int {
	var pids []int
	for _, name := range names("/proc") {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

type procStat struct {
	state  byte
	parent int
}

// readStat reads /proc/PID/stat. The command name stands in parentheses and may
// hold anything, so the fields count from the last closing one.
func readStat(pid int) (procStat, bool) {
	text, err := readSmall("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return procStat{}, false
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 || len(fields[0]) != 1 {
		return procStat{}, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	return procStat{state: fields[0][0], parent: parent}, err == nil
}

func isAlive(pid int) bool {
	status, ok := readStat(pid)
	return ok && status.state != 'Z' && status.state != 'X'
}
