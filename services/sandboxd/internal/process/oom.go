package process

import (
	"os"
	"strconv"
	"strings"
)

// OOMCounter reads how often the kernel's out-of-memory killer struck in this
// process's memory cgroup (v2: memory.events, v1: memory.oom_control).
type OOMCounter struct{ path string }

// NewOOMCounter finds the file of this process. Where there is none that can be
// read, Read is always 0.
func NewOOMCounter() *OOMCounter {
	text, _ := os.ReadFile("/proc/self/cgroup")
	for _, candidate := range oomFiles(string(text)) {
		if _, found := readOOMKills(candidate); found {
			return &OOMCounter{path: candidate}
		}
	}
	return &OOMCounter{}
}

// Read returns the count so far.
func (o *OOMCounter) Read() int64 {
	if o.path == "" {
		return 0
	}
	count, _ := readOOMKills(o.path)
	return count
}

// oomFiles lists where the counter may be, the most specific first. A line of
// /proc/self/cgroup is hierarchy:controllers:path (cgroups(7)).
func oomFiles(cgroups string) []string {
	const mount = "/sys/fs/cgroup"
	var files []string
	for _, line := range strings.Split(cgroups, "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		if parts[1] == "" {
			files = append(files, mount+parts[2]+"/memory.events")
		}
		if strings.Contains(","+parts[1]+",", ",memory,") {
			files = append(files, mount+"/memory"+parts[2]+"/memory.oom_control")
		}
	}
	return append(files, mount+"/memory.events", mount+"/memory/memory.oom_control")
}

func readOOMKills(path string) (int64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for _, line := range strings.Split(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, "oom_kill "); ok {
			count, err := strconv.ParseInt(value, 10, 64)
			return count, err == nil
		}
	}
	return 0, false
}
