package serve

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const maxConnections = 512

// listen opens unix:PATH, tcp:HOST:PORT, or takes over fd:N.
func listen(address string, refuseLocalPeers bool) (net.Listener, error) {
	kind, rest, found := strings.Cut(address, ":")
	if !found {
		return nil, errors.New("--listen must be unix:PATH, tcp:HOST:PORT or fd:N")
	}
	var listener net.Listener
	var err error
	switch kind {
	case "unix":
		listener, err = listenUnix(rest)
	case "tcp":
		listener, err = net.Listen("tcp", rest)
	case "fd":
		listener, err = inherit(rest)
	default:
		err = fmt.Errorf("--listen: unknown kind %q", kind)
	}
	if err != nil {
		return nil, err
	}
	return &bounded{Listener: listener, slots: make(chan struct{}, maxConnections), refuseLocal: refuseLocalPeers}, nil
}

// listenUnix lets every user connect: the folder and the token guard it, and the
// driver need not have the sandbox's uid.
func listenUnix(path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		_ = os.Remove(path)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(path, 0o666)
}

func inherit(number string) (net.Listener, error) {
	fd, err := strconv.Atoi(number)
	if err != nil || fd < 3 {
		return nil, errors.New("--listen: fd:N needs a number from 3")
	}
	syscall.CloseOnExec(fd)
	file := os.NewFile(uintptr(fd), "listener")
	defer file.Close()
	return net.FileListener(file)
}

// bounded caps the open connections, and may turn away those that come from the
// sandbox itself: an agent that floods its own daemon would look like a broken
// sandbox.
type bounded struct {
	net.Listener
	slots       chan struct{}
	refuseLocal bool
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	b.slots <- struct{}{}
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			<-b.slots
			return nil, err
		}
		if b.refuseLocal && isLocal(conn) {
			_ = conn.Close()
			continue
		}
		return &slotConn{Conn: conn, slots: b.slots}, nil
	}
}

func isLocal(conn net.Conn) bool {
	remote, isTCP := conn.RemoteAddr().(*net.TCPAddr)
	local, _ := conn.LocalAddr().(*net.TCPAddr)
	return isTCP && (remote.IP.IsLoopback() || remote.IP.Equal(local.IP))
}
