// Command sandboxd is the daemon of one sandbox (serve) and, outside, the
// keeper of all sandboxes of a local run (supervise). It also installs itself.
package main

import (
	"fmt"
	"os"
	"runtime"

	"rollyard.dev/sandboxd/internal/dial"
	"rollyard.dev/sandboxd/internal/install"
	"rollyard.dev/sandboxd/internal/process"
	"rollyard.dev/sandboxd/internal/serve"
	"rollyard.dev/sandboxd/internal/supervise"
)

const usage = `usage: sandboxd serve --listen unix:PATH|tcp:HOST:PORT|fd:N --sandbox-uid UID --keys JSON [flags]
       sandboxd supervise --base DIR [flags]
       sandboxd dial [flags] HOST PORT
       sandboxd install PATH

  serve      runs commands and moves files inside one sandbox, over HTTP/JSON
  supervise  starts, watches and removes sandboxes on this machine, commands on stdin
  dial       tells by its exit code whether an address can be reached
  install    copies this program to PATH, executable by all: how it gets into a pod whose image lacks it

"sandboxd serve -h" and "sandboxd supervise -h" list the flags.
Example: sandboxd serve --listen unix:/run/s.sock --sandbox-uid u1 --keys '[{"kid":"k1","x":"..."}]'
`

// The parent-death signal belongs to the main thread, so main must still be on it.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	process.SealInherited()
	switch os.Args[1] {
	case "serve":
		os.Exit(serve.Main(os.Args[2:]))
	case "supervise":
		os.Exit(supervise.Main(os.Args[2:]))
	case "dial":
		os.Exit(dial.Main(os.Args[2:]))
	case "install":
		os.Exit(install.Main(os.Args[2:]))
	case "-h", "--help", "help":
		fmt.Print(usage)
	default:
		fmt.Fprintf(os.Stderr, "unknown subcommand %q\n%s", os.Args[1], usage)
		os.Exit(2)
	}
}
