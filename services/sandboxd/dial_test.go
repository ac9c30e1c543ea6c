package main

import (
	"net"
	"os/exec"
	"strconv"
	"testing"
)

// dialExit runs sandboxd dial against 127.0.0.1 and returns its exit code.
func dialExit(t *testing.T, args ...string) int {
	t.Helper()
	command := exec.Command(binary(), append([]string{"dial"}, args...)...)
	command.Env = []string{asSandboxd + "=1"}
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode()
}

func TestDialTellsWhetherAnAddressCanBeReached(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if code := dialExit(t, "--timeout", "10s", "127.0.0.1", port); code != 0 {
		t.Errorf("a port that listens: exit code %d", code)
	}
	listener.Close()
	if code := dialExit(t, "--timeout", "10s", "127.0.0.1", port); code != 3 {
		t.Errorf("a port that refuses: exit code %d", code)
	}
}

func TestDialSaysWhatItNeeds(t *testing.T) {
	if code := dialExit(t, "127.0.0.1"); code != 2 {
		t.Errorf("no port: exit code %d", code)
	}
}
