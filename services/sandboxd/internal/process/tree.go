package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Children returns the direct children of a process, zombies too. It is empty
// when the process is gone.
func Children(pid int) []int {
	tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if len(tasks) == 0 {
		return childrenByScan(pid)
	}
	var children []int
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
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
	directory, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer directory.Close()
	names, _ := directory.Readdirnames(-1)
	var pids []int
	for _, name := range names {
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
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
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
