package main

import "rollyard.dev/sandboxd/internal/process"

func descendants(pid int) []int { return process.Descendants(pid) }
