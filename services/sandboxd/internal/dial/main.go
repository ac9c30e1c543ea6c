// Package dial tells by its exit code whether an address can be reached.
package dial

import (
	"flag"
	"fmt"
	"net"
	"os"
	"time"
)

const (
	connected    = 0
	badUsage     = 2
	notConnected = 3
)

// Main runs "sandboxd dial [--after D] [--timeout D] HOST PORT" and returns its
// exit code: 0 when a TCP connection was made, 3 when not, 2 on bad usage.
func Main(args []string) int {
	flags := flag.NewFlagSet("dial", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	after := flags.Duration("after", 0, "time to wait first: a network policy needs a moment to reach a new pod")
	timeout := flags.Duration("timeout", 5*time.Second, "time until an address that is silent counts as out of reach")
	if err := flags.Parse(args); err != nil {
		return badUsage
	}
	if flags.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: sandboxd dial [--after D] [--timeout D] HOST PORT")
		return badUsage
	}
	time.Sleep(*after)
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(flags.Arg(0), flags.Arg(1)), *timeout)
	if err != nil {
		return notConnected
	}
	_ = conn.Close()
	return connected
}
