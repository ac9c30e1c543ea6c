package serve

import (
	"os"
	"strings"
)

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment is what every command gets: fixed defaults, the variables passed
// from sandboxd's own environment by name, the sandbox's, then the call's.
type environment map[string]string

func newEnvironment(o options) environment {
	e := environment{"PATH": defaultPath, "HOME": "/tmp", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}
	for _, name := range o.PassEnv {
		if value, set := os.LookupEnv(name); set {
			e[name] = value
		}
	}
	for name, value := range o.Env {
		e[name] = value
	}
	return e
}

func (e environment) list(call map[string]string) []string {
	list := make([]string, 0, len(e)+len(call))
	for name, value := range e {
		if _, replaced := call[name]; !replaced {
			list = append(list, name+"="+value)
		}
	}
	for name, value := range call {
		list = append(list, name+"="+value)
	}
	return list
}

func (e environment) path(call map[string]string) string {
	if path, given := call["PATH"]; given {
		return path
	}
	return e["PATH"]
}

// isVariable tells whether a name and value can stand in an environment.
func isVariable(name, value string) bool {
	return name != "" && !strings.ContainsAny(name, "=\x00") && !strings.Contains(value, "\x00")
}
