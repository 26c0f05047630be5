package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A script runs a program on a machine that refuses things, as containers and old kernels do:
//
//	confined WHAT... -- PROGRAM ARG...
//
//	memory     RLIMIT_MEMLOCK is 64 KiB, and the capability that exempts from it is gone
//	affinity   sched_setaffinity is not permitted
//	segments   the kernel does not know UDP_SEGMENT and UDP_GRO
//	shm        no file can be mapped to be shared and in memory
//	huge       no huge pages for this process
func init() { programs["confined"] = confined }

// refusal makes a system call fail, if its arguments are such.
type refusal struct {
	call  uintptr
	args  map[int]uint32 // by number, from 0
	errno unix.Errno
}

var refusals = map[string][]refusal{
	"affinity": {{call: unix.SYS_SCHED_SETAFFINITY, errno: unix.EPERM}},
	"segments": {
		{call: unix.SYS_SETSOCKOPT, args: map[int]uint32{1: unix.SOL_UDP, 2: unix.UDP_SEGMENT}, errno: unix.ENOPROTOOPT},
		{call: unix.SYS_SETSOCKOPT, args: map[int]uint32{1: unix.SOL_UDP, 2: unix.UDP_GRO}, errno: unix.ENOPROTOOPT},
	},
	"shm": {{call: unix.SYS_MMAP, args: map[int]uint32{3: unix.MAP_SHARED | unix.MAP_POPULATE}, errno: unix.EPERM}},
}

func confined() {
	runtime.LockOSThread() // what becomes the program is this thread
	args := os.Args[1:]
	var filter []unix.SockFilter
	for ; args[0] != "--"; args = args[1:] {
		switch what := args[0]; what {
		case "memory":
			must(unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 64 << 10, Max: 64 << 10}))
			_ = unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_IPC_LOCK, 0, 0, 0) // who may not drop it does not have it
		case "huge":
			must(unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0))
		default:
			if refusals[what] == nil {
				must(fmt.Errorf("nothing refuses %q", what))
			}
			for _, r := range refusals[what] {
				filter = append(filter, r.program()...)
			}
		}
	}
	path, err := exec.LookPath(args[1])
	must(err)
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW})
	must(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	must(unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0))
	must(unix.Exec(path, args[1:], os.Environ()))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "confined:", err)
		os.Exit(125)
	}
}

// program is the refusal as a filter of system calls, of which every test that fails leads to its end. The numbers lie
// in struct seccomp_data, the low words of the arguments, on the machines that this is for, every eight bytes from 16.
func (r refusal) program() []unix.SockFilter {
	var f []unix.SockFilter
	equal := func(offset, value uint32) {
		f = append(f, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value})
	}
	equal(0, uint32(r.call))
	for number, value := range r.args {
		equal(uint32(16+8*number), value)
	}
	f = append(f, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ERRNO | uint32(r.errno)})
	for i := range f {
		if f[i].Code == unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K {
			f[i].Jf = uint8(len(f) - 1 - i)
		}
	}
	return f
}
