package process

import (
	"reflect"
	"testing"
)

func TestTheCounterIsLookedForInTheOwnGroupFirst(t *testing.T) {
	got := oomFiles("4:memory:/pod/a\n3:cpu,cpuacct:/x\n0::/slice/b\n")
	want := []string{
		"/sys/fs/cgroup/memory/pod/a/memory.oom_control", "/sys/fs/cgroup/slice/b/memory.events",
		"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}
