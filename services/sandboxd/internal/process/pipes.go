package process

import (
	"os"
	"syscall"
)

// pipes are the standard streams of a child: its ends as raw descriptors, ours
// as files of the poller, so that reads can have deadlines.
type pipes struct {
	child  [3]int
	stdin  *os.File
	stdout *os.File
	stderr *os.File
}

func openPipes(withStdin bool) (*pipes, error) {
	p := &pipes{child: [3]int{-1, -1, -1}}
	err := p.openStdin(withStdin)
	if err == nil {
		p.stdout, p.child[1], err = outputPipe()
	}
	if err == nil {
		p.stderr, p.child[2], err = outputPipe()
	}
	if err != nil {
		p.closeChild()
		p.closeOurs()
		return nil, err
	}
	return p, nil
}

func (p *pipes) openStdin(withStdin bool) (err error) {
	if !withStdin {
		p.child[0], err = syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		return err
	}
	var ends [2]int
	if err = syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return err
	}
	p.child[0] = ends[0]
	_ = syscall.SetNonblock(ends[1], true)
	p.stdin = os.NewFile(uintptr(ends[1]), "stdin")
	return nil
}

func outputPipe() (ours *os.File, child int, err error) {
	var ends [2]int
	if err = syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, -1, err
	}
	_ = syscall.SetNonblock(ends[0], true)
	return os.NewFile(uintptr(ends[0]), "output"), ends[1], nil
}

func (p *pipes) files() []uintptr {
	return []uintptr{uintptr(p.child[0]), uintptr(p.child[1]), uintptr(p.child[2])}
}

func (p *pipes) closeChild() {
	for _, fd := range p.child {
		if fd >= 0 {
			_ = syscall.Close(fd)
		}
	}
}

func (p *pipes) closeOurs() {
	for _, file := range []*os.File{p.stdin, p.stdout, p.stderr} {
		if file != nil {
			_ = file.Close()
		}
	}
}
