package redisd

import "syscall"

// withParent lets a server die with the test that started it, however that ends.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
