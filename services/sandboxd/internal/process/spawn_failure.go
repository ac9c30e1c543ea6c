package process

import (
	"errors"
	"os"
	"syscall"
)

// The closed set of Result.SpawnError.
const (
	SpawnNotFound         = "not_found"
	SpawnPermissionDenied = "permission_denied"
	SpawnBadDirectory     = "bad_cwd"
	SpawnBadExecutable    = "bad_executable"
	SpawnTooLong          = "argument_list_too_long"
	SpawnNoResources      = "no_resources"
)

// prepare finds the program, or says as a Result why the command can't run.
func prepare(command Command) (string, *Result) {
	if info, err := os.Stat(command.Dir); err != nil || !info.IsDir() {
		result := failed(126, SpawnBadDirectory, "the working directory does not exist")
		return "", &result
	}
	program, err := LookPath(command.Argv[0], command.Dir, command.Path)
	if err != nil {
		result := spawnFailure(command, err)
		return "", &result
	}
	return program, nil
}

// spawnFailure maps an error of fork or exec to the exit codes of POSIX shells.
func spawnFailure(command Command, err error) Result {
	name := command.Argv[0]
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		return failed(127, SpawnNotFound, name+": command not found")
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return failed(126, SpawnPermissionDenied, name+": permission denied")
	case errors.Is(err, syscall.E2BIG):
		return failed(126, SpawnTooLong, name+": argument list too long")
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM),
		errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return failed(126, SpawnNoResources, name+": the sandbox has no process, file or memory left to start it")
	default:
		return failed(126, SpawnBadExecutable, name+": cannot execute: "+err.Error())
	}
}

func failed(exitCode int, reason, sentence string) Result {
	return Result{ExitCode: exitCode, SpawnError: reason, Stderr: sentence + "\n"}
}
