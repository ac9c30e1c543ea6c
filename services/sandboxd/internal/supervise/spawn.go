package supervise

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"rollyard.dev/sandboxd/internal/process"
	"rollyard.dev/sandboxd/internal/tree"
)

// ownerOf is who the sandbox runs as, or nil for the supervisor's own user.
func ownerOf(start *startCommand) (*tree.Owner, error) {
	if start.UID == nil || *start.UID == os.Geteuid() {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("only root can start a sandbox as uid %d", *start.UID)
	}
	owner := &tree.Owner{UID: *start.UID, GID: *start.UID}
	if start.GID != nil {
		owner.GID = *start.GID
	}
	return owner, nil
}

// spawn starts the sandbox's command in a session of its own. It dies with the
// supervisor, has no supplementary groups, and inherits nothing but the
// lifeline, /dev/null, its stderr and the socket.
func spawn(table *process.Table, start *startCommand, owner *tree.Owner) (*process.Child, *tailReader, error) {
	program, err := process.LookPath(start.Argv[0], "/", os.Getenv("PATH"))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", start.Argv[0], err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	stderr, stderrEnd, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer stderrEnd.Close()
	stdin, err := lifeline()
	if err != nil {
		_ = stderr.Close()
		return nil, nil, err
	}
	files := []uintptr{stdin, null.Fd(), stderrEnd.Fd()}
	if start.Ready.PassFD {
		socket, err := listenFor(start.Ready.Unix, owner)
		if err != nil {
			_ = stderr.Close()
			return nil, nil, err
		}
		defer socket.Close()
		files = append(files, socket.Fd())
	}
	child, err := table.Start(program, start.Argv, attributes(start.Env, files, owner))
	if err != nil {
		_ = stderr.Close()
		return nil, nil, err
	}
	return child, readTail(stderr), nil
}

func attributes(env map[string]string, files []uintptr, owner *tree.Owner) *syscall.ProcAttr {
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	system := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if owner != nil {
		system.Credential = &syscall.Credential{Uid: uint32(owner.UID), Gid: uint32(owner.GID)}
	}
	return &syscall.ProcAttr{Dir: "/", Env: list, Files: files, Sys: system}
}

// listenFor makes the sandbox's socket. A client can connect at once and waits
// in its queue until sandboxd accepts.
func listenFor(path string, owner *tree.Owner) (*os.File, error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	listener.SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	if err := give(path, owner); err != nil {
		return nil, err
	}
	return listener.File()
}
