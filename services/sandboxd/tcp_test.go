package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// freePort finds a port that nobody uses now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func startOnTCP(t *testing.T, flags ...string) (address string) {
	t.Helper()
	address = freePort(t)
	command := exec.Command(binary(), append([]string{"serve", "--listen", "tcp:" + address, "--sandbox-uid", testUID,
		"--workdir", t.TempDir(), "--keys", keysJSON(make([]byte, 32))}, flags...)...)
	command.Env = append(os.Environ(), asSandboxd+"=1")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Signal(syscall.SIGTERM); command.Wait() })
	eventually(t, "the port is open", func() bool {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
	return address
}

func TestSandboxdListensOnTCP(t *testing.T) {
	address := startOnTCP(t)
	eventually(t, "ready", func() bool {
		response, err := http.Get("http://" + address + "/healthz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == 200
	})
}

func TestConnectionsFromTheSandboxItselfCanBeRefused(t *testing.T) {
	address := startOnTCP(t, "--refuse-local-peers")
	response, err := http.Get("http://" + address + "/healthz")
	if err == nil {
		response.Body.Close()
		t.Errorf("answered %d", response.StatusCode)
	}
}

func TestAClientThatSendsNoHeaderIsDropped(t *testing.T) {
	address := startOnTCP(t)
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.Write([]byte("GET /healthz HT"))
	connection.SetReadDeadline(time.Now().Add(15 * time.Second))
	for buffer := make([]byte, 512); err == nil; {
		_, err = connection.Read(buffer)
	}
	if netError, slow := err.(net.Error); slow && netError.Timeout() {
		t.Error("the connection was still open after 15 s")
	}
}

func TestUnknownRoutesAndMethodsAreRefusedAsJSON(t *testing.T) {
	s := startSandbox(t)
	for _, c := range [][2]string{{"GET", "/"}, {"GET", "/v1/exec"}, {"DELETE", "/v1/files"}, {"POST", "/v2/exec"}, {"POST", "/healthz"}} {
		r := s.send(c[0], c[1], s.token, nil)
		expect(t, c[0]+c[1], r.status, 404)
		expect(t, c[0]+c[1], r.code(), "no_such_route")
	}
}
