//go:build !linux

package redisd

import "syscall"

// withParent has no way here to let a server die with the test that started it.
func withParent() *syscall.SysProcAttr { return nil }
